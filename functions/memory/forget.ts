/** Forgets: the text is gone from every row that held it, the row and its decisions stay without it. */
import type { Transaction } from '../../shared/clients/sql.ts'
import { AppError } from '../../shared/errors.ts'
import { log } from './decision.ts'
import { lockUser } from './lock.ts'
import type { MemoryDeps } from './settings.ts'
import { syncIndex } from './sync-index.ts'

/**
 * Takes the text out of the memory, of the episodes it was drawn from and of their raw memories that it had replaced.
 * Other facts of those episodes stay.
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
    const replaced = await tx<{ id: string }[]>`
      select id from memory.memories
      where user_id = ${userId} and superseded_by = ${id} and kind = 'episode'
        and forgotten_at is null`
    const ids = [id, ...replaced.map(row => row.id)]
    await blank(tx, ids)
    if (memory.sources.length > 0) {
      await tx`
        update memory.episodes set content = '', context = '', tags = '[]',
          forgotten_at = clock_timestamp()
        where user_id = ${userId} and id in ${tx(memory.sources)}`
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

async function blank(tx: Transaction, ids: string[]): Promise<void> {
  await tx`
    update memory.memories set text = '', words = '', hash = null, attribute = null, value = null, tags = '[]',
      forgotten_at = clock_timestamp(), retired_at = coalesce(retired_at, clock_timestamp()),
      revision = revision + 1
    where id in ${tx(ids)}`
}
