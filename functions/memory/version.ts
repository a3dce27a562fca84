/** Versions of memories in Postgres: a row is added, told again or retired, never deleted. */
import type { Transaction } from '../../shared/clients/sql.ts'
import type { Decision } from './decision.ts'
import type { Episode } from './episode.ts'
import type { Fact } from './heuristics.ts'
import type { Slot } from './slot.ts'
import { respell } from './words.ts'

/** What a decision needs of a row that is there. */
export interface Known {
  id: string
  text: string
  value: string | null
  told_at: Date
}

/** Told again: it counts more, and its newest telling is what later values are compared with. */
export async function reinforce(
  tx: Transaction,
  { id: episodeId, occurred_at, tags }: Episode,
  { id }: Known,
  rule: string,
): Promise<Decision> {
  await tx`
    update memory.memories set
      strength = strength + 1,
      confidence = confidence + (1 - confidence) * 0.2,
      told_at = greatest(told_at, ${occurred_at}),
      valid_from = least(valid_from, ${occurred_at}),
      sources = case when sources @> ${tx.json([episodeId])} then sources
        else sources || ${tx.json([episodeId])} end,
      tags = (select coalesce(jsonb_agg(distinct tag), '[]')
        from jsonb_array_elements(tags || ${tx.json(tags)}) tag)
    where id = ${id}`
  return { op: 'reinforce', memoryId: id, rule }
}

/** Another took its place; the row stays as history. */
export async function retire(
  tx: Transaction,
  id: string,
  { by, at }: { by: string; at: Date },
): Promise<void> {
  await tx`
    update memory.memories set retired_at = clock_timestamp(), superseded_by = ${by},
      valid_to = ${at}, revision = revision + 1
    where id = ${id}`
}

/** A new row of `memory.memories`. */
export interface NewVersion {
  id: string
  episode: Episode
  fact: Fact
  hash: string
  slot?: Slot
  /** It was true earlier than what is known: it is history from the start. */
  outdatedBy?: Known
}

/** Writes the first version of a fact, or the next one of its attribute. */
export async function insert(
  tx: Transaction,
  { id, episode, fact, hash, slot, outdatedBy }: NewVersion,
): Promise<void> {
  await tx`
    insert into memory.memories (id, user_id, kind, text, words, hash, attribute, value, confidence, tags,
      sources, valid_from, told_at, valid_to, retired_at, superseded_by)
    values (${id}, ${episode.user_id}, ${fact.kind}, ${fact.text},
      ${respell(`${fact.text} ${slot?.attribute ?? ''}`)}, ${hash},
      ${slot?.attribute ?? null}, ${slot ? storedValue(slot) : null}, ${fact.confidence},
      ${tx.json(episode.tags)}, ${tx.json([episode.id])}, ${episode.occurred_at},
      ${episode.occurred_at}, ${outdatedBy?.told_at ?? null},
      ${outdatedBy ? tx`clock_timestamp()` : null}, ${outdatedBy?.id ?? null})`
}

/** How a slot's value stands in the table. */
export const storedValue = ({ value, negated }: Slot): string => (negated ? `not ${value}` : value)
