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
import { slotOf } from './slot.ts'
import type { Neighbour } from './vector-index.ts'
import { insert, type Known, reinforce, retire, storedValue } from './version.ts'
import { agree } from './words.ts'

/** A fact and the memories that its vector is near to. */
export interface Candidate {
  fact: Fact
  near: Neighbour[]
}

/** Above it, two texts say the same, if their numbers, negations and names agree too (calibrate for each model). */
export const SAME_SCORE = 0.95

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
