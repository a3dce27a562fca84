/** Retires the raw text of an episode once its facts say all of it, so that nothing is found twice. */
import type { Transaction } from '../../shared/clients/sql.ts'
import { log } from './decision.ts'
import type { Episode } from './episode.ts'
import { hashOf } from './hash.ts'
import type { Fact } from './heuristics.ts'
import { statementsOf } from './sentences.ts'

/** Only what `remember` kept has a raw memory; a chat turn leaves its facts alone. */
export async function coverEpisode(
  tx: Transaction,
  episode: Episode,
  kept: { fact: Fact; memoryId: string }[],
): Promise<void> {
  const [raw] = await tx<{ id: string }[]>`
    select id from memory.memories
    where user_id = ${episode.user_id} and kind = 'episode' and retired_at is null
      and sources @> ${tx.json([episode.id])}`
  if (!raw) return
  const [first] = kept
  if (
    first &&
    isCovered(
      episode.content,
      kept.map(({ fact }) => fact.quote),
    )
  ) {
    return retireFor(tx, episode, raw.id, first.memoryId, 'its facts say all of it')
  }
  const [older] = await tx<{ id: string }[]>`
    select id from memory.memories
    where user_id = ${episode.user_id} and kind = 'episode' and retired_at is null
      and hash = ${hashOf(episode.content)} and id <> ${raw.id}
    order by recorded_at limit 1`
  if (!older) return
  await tx`
    update memory.memories set strength = strength + 1,
      told_at = greatest(told_at, ${episode.occurred_at}),
      sources = sources || ${tx.json([episode.id])}
    where id = ${older.id}`
  await retireFor(tx, episode, raw.id, older.id, 'same text')
}

/** Whether every statement of `content` is within one of `quotes`. */
export function isCovered(content: string, quotes: string[]): boolean {
  return statementsOf(content).every(
    ({ quote, plain }) => plain === '' || quotes.some(fact => fact.includes(quote)),
  )
}

async function retireFor(
  tx: Transaction,
  episode: Episode,
  id: string,
  by: string,
  rule: string,
): Promise<void> {
  await tx`
    update memory.memories set retired_at = clock_timestamp(), superseded_by = ${by},
      revision = revision + 1
    where id = ${id}`
  await log(tx, episode, { op: 'cover', memoryId: id, otherId: by, rule })
}
