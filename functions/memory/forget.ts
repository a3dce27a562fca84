/** Forgets: the text is gone from every row that held it, the row and its decisions stay without it. */
import type { Transaction } from '../../shared/clients/sql.ts'
import { AppError } from '../../shared/errors.ts'
import { log } from './decision.ts'
import { lockUser } from './lock.ts'
import type { MemoryDeps } from './settings.ts'
import { syncIndex } from './sync-index.ts'

/**
 * Takes the text out of the memory, of the episodes it was drawn from and of every raw memory of those episodes, so
 * that nobody finds what was said. Kept, each until it is forgotten by its own id: other facts of those episodes, and
 * earlier or later versions of this one. Not ours to forget: the conversation in `chat`, the broker's copy of an event
 * until it is delivered or buried, and for half an hour the answers that `inference` keeps.
 * @throws {@link AppError} `not_found`, also for another user's memory
 */
export async function forget(
  deps: MemoryDeps,
  userId: string,
  id: string,
): Promise<{ forgotten: string }> {
  await deps.sql.begin(async tx => {
    await lockUser(tx, userId)
    const [memory] = await tx<{ sources: string[] }[]>`
      select sources from memory.memories
      where id = ${id} and user_id = ${userId} and forgotten_at is null
      for update`
    if (!memory) throw new AppError('not_found', 'you have no memory with this id')
    const { raw, episodes } = await trace(tx, userId, memory.sources)
    const ids = [...new Set([id, ...raw])]
    await blank(tx, ids)
    if (episodes.length > 0) {
      await tx`
        update memory.episodes set content = '', context = '', tags = '[]',
          forgotten_at = clock_timestamp()
        where user_id = ${userId} and id in ${tx(episodes)}`
    }
    for (const memoryId of ids) {
      await log(
        tx,
        { user_id: userId, id: null },
        { op: 'forget', memoryId, rule: 'asked by the user' },
      )
    }
  })
  await syncIndex(deps, { timeoutMs: deps.config.EMBED_TIMEOUT_MS })
  return { forgotten: id }
}

/**
 * The raw memories that hold the text of `sources`, and the episodes behind them: a text told again is one raw memory
 * of several episodes, so one leads to the next.
 */
async function trace(
  tx: Transaction,
  userId: string,
  sources: string[],
): Promise<{ raw: string[]; episodes: string[] }> {
  const episodes = new Set(sources)
  for (;;) {
    const known = episodes.size
    const rows = await tx<{ id: string; sources: string[] }[]>`
      select id, sources from memory.memories
      where user_id = ${userId} and kind = 'episode' and forgotten_at is null
        and exists (
          select from jsonb_array_elements(sources) source
          where ${tx.json([...episodes])} @> source
        )`
    for (const row of rows) for (const source of row.sources) episodes.add(source)
    if (episodes.size === known) return { raw: rows.map(({ id }) => id), episodes: [...episodes] }
  }
}

async function blank(tx: Transaction, ids: string[]): Promise<void> {
  await tx`
    update memory.memories set text = '', words = '', hash = null, attribute = null, value = null, tags = '[]',
      forgotten_at = clock_timestamp(), retired_at = coalesce(retired_at, clock_timestamp()),
      revision = revision + 1
    where id in ${tx(ids)}`
}
