/** Phase 2: reconciles new facts with what is known. Rules only, one transaction, nothing is ever deleted. */
import type { Transaction } from '../../shared/clients/sql.ts'
import { coverEpisode } from './cover.ts'
import { type Decision, log } from './decision.ts'
import { type Episode, findEpisode } from './episode.ts'
import type { Extraction } from './extract.ts'
import { hashOf } from './hash.ts'
import type { Fact } from './heuristics.ts'
import { lockUser } from './lock.ts'
import { plainOf } from './sentences.ts'
import type { MemoryDeps } from './settings.ts'
import { type Slot, slotOf } from './slot.ts'
import type { Neighbour } from './vector-index.ts'
import { agree } from './words.ts'

/** A fact and the memories that its vector is near to. */
export interface Candidate {
  fact: Fact
  near: Neighbour[]
}

/** Above it, two texts say the same, if their numbers, negations and names agree too (calibrate for each model). */
export const SAME_SCORE = 0.95

interface Known {
  id: string
  text: string
  value: string | null
  told_at: Date
}

/**
 * Writes what `candidates` change, once for each episode: a second call finds it consolidated.
 * @returns whether anything was written
 */
export async function consolidate(
  { sql, id: newId }: MemoryDeps,
  { user_id: userId, id }: Episode,
  candidates: Candidate[],
  { extractor, refused }: Pick<Extraction, 'extractor' | 'refused'>,
): Promise<boolean> {
  return sql.begin(async tx => {
    await lockUser(tx, userId)
    const episode = await findEpisode(tx, userId, id, { lock: true })
    // Forgotten while it was being read: its facts must not come back.
    if (!episode || episode.consolidated_at || episode.forgotten_at) return false
    const kept: { fact: Fact; memoryId: string }[] = []
    for (const candidate of candidates) {
      const decision = await decide(tx, episode, candidate, newId)
      await log(tx, episode, decision)
      if (decision.memoryId) kept.push({ fact: candidate.fact, memoryId: decision.memoryId })
    }
    for (const rule of refused) await log(tx, episode, { op: 'reject', rule })
    await coverEpisode(tx, episode, kept)
    await tx`
      update memory.episodes set consolidated_at = clock_timestamp(), extractor = ${extractor}
      where id = ${episode.id}`
    return true
  })
}

/** The first rule that applies decides; what none applies to is a new memory. */
async function decide(
  tx: Transaction,
  episode: Episode,
  { fact, near }: Candidate,
  newId: () => string,
): Promise<Decision> {
  const hash = hashOf(fact.text)
  const [same] = await tx<Known[]>`
    select id, text, value, told_at from memory.memories
    where user_id = ${episode.user_id} and hash = ${hash}
      and retired_at is null and kind <> 'episode'`
  if (same) return reinforce(tx, episode, same, 'same text')

  const slot = slotOf(plainOf(fact.text)) ?? slotOf(plainOf(fact.quote))
  const holder = slot && (await holderOf(tx, episode.user_id, slot.attribute))
  if (slot && holder && holder.value === storedValue(slot)) {
    return reinforce(tx, episode, holder, 'same value')
  }
  const id = newId()
  const row = { id, episode, fact, hash }
  if (slot && holder && slot.negated && holder.value !== slot.value) {
    // "no longer blue" says nothing against "green".
    await insert(tx, row)
    return { op: 'add', memoryId: id, otherId: holder.id, rule: 'denies another value' }
  }
  if (slot && holder && episode.occurred_at < holder.told_at) {
    await insert(tx, { ...row, slot, outdatedBy: holder })
    return { op: 'outdated', memoryId: id, otherId: holder.id, rule: 'told before the known value' }
  }
  if (slot && holder) {
    await retire(tx, holder.id, { by: id, at: episode.occurred_at })
    await insert(tx, { ...row, slot })
    return { op: 'supersede', memoryId: id, otherId: holder.id, rule: 'later value' }
  }
  const twin = slot ? undefined : await twinOf(tx, episode.user_id, fact, near)
  if (twin) return { ...(await reinforce(tx, episode, twin, 'same meaning')), near }
  await insert(tx, { ...row, ...(slot && { slot }) })
  return { op: 'add', memoryId: id, rule: 'new', near }
}

async function holderOf(
  tx: Transaction,
  userId: string,
  attribute: string,
): Promise<Known | undefined> {
  const [holder] = await tx<Known[]>`
    select id, text, value, told_at from memory.memories
    where user_id = ${userId} and attribute = ${attribute} and retired_at is null`
  return holder
}

async function twinOf(
  tx: Transaction,
  userId: string,
  fact: Fact,
  near: Neighbour[],
): Promise<Known | undefined> {
  const ids = near.filter(({ score }) => score >= SAME_SCORE).map(({ id }) => id)
  if (ids.length === 0) return undefined
  const rows = await tx<Known[]>`
    select id, text, value, told_at from memory.memories
    where user_id = ${userId} and id in ${tx(ids)} and retired_at is null
      and kind <> 'episode' and attribute is null`
  return rows.find(({ text }) => agree(text, fact.text))
}

/** Told again: it counts more, and its newest telling is what later values are compared with. */
async function reinforce(
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

async function retire(
  tx: Transaction,
  id: string,
  { by, at }: { by: string; at: Date },
): Promise<void> {
  await tx`
    update memory.memories set retired_at = clock_timestamp(), superseded_by = ${by},
      valid_to = ${at}, revision = revision + 1
    where id = ${id}`
}

interface NewRow {
  id: string
  episode: Episode
  fact: Fact
  hash: string
  slot?: Slot
  /** It was true earlier than what is known: it is history from the start. */
  outdatedBy?: Known
}

async function insert(
  tx: Transaction,
  { id, episode, fact, hash, slot, outdatedBy }: NewRow,
): Promise<void> {
  await tx`
    insert into memory.memories (id, user_id, kind, text, hash, attribute, value, confidence, tags,
      sources, valid_from, told_at, valid_to, retired_at, superseded_by)
    values (${id}, ${episode.user_id}, ${fact.kind}, ${fact.text}, ${hash},
      ${slot?.attribute ?? null}, ${slot ? storedValue(slot) : null}, ${fact.confidence},
      ${tx.json(episode.tags)}, ${tx.json([episode.id])}, ${episode.occurred_at},
      ${episode.occurred_at}, ${outdatedBy?.told_at ?? null},
      ${outdatedBy ? tx`clock_timestamp()` : null}, ${outdatedBy?.id ?? null})`
}

const storedValue = ({ value, negated }: Slot): string => (negated ? `not ${value}` : value)
