/** The log of what was decided about memories, and by which rule. It holds no text. */
import type { Transaction } from '../../shared/clients/sql.ts'
import type { Neighbour } from './vector-index.ts'

/** What happened to a fact, or why it was refused. */
export interface Decision {
  op: 'add' | 'reinforce' | 'supersede' | 'outdated' | 'cover' | 'reject' | 'forget'
  rule: string
  memoryId?: string
  /** The memory that it was held against. */
  otherId?: string
  near?: Neighbour[]
}

/** Writes `decision` within the transaction that carries it out. */
export async function log(
  tx: Transaction,
  { user_id: userId, id: episodeId }: { user_id: string; id: string | null },
  { op, rule, memoryId, otherId, near = [] }: Decision,
): Promise<void> {
  await tx`
    insert into memory.decisions
      (user_id, episode_id, memory_id, other_id, op, rule, decided_by, candidates)
    values (${userId}, ${episodeId}, ${memoryId ?? null}, ${otherId ?? null}, ${op}, ${rule},
      'rule', ${tx.json(near.map(({ id, score }) => ({ id, score })))})`
}
