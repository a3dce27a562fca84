/** Keeps a text: findable at once as it was said, its facts follow. */
import {
  episodeRecorded,
  type RememberInput,
  type RememberResult,
} from '../../shared/contracts/memory.ts'
import { enqueue, tryFlushOutbox } from '../../shared/outbox.ts'
import { createEvent } from '../../shared/publish.ts'
import { type Episode, keepEpisode } from './episode.ts'
import { hashOf } from './hash.ts'
import type { MemoryDeps } from './settings.ts'
import { syncIndex } from './sync-index.ts'
import { respell } from './words.ts'

/** A repeated idempotency key gets the first answer, with how far the memory has come since. */
export async function remember(
  deps: MemoryDeps,
  userId: string,
  { content, source, tags, idempotency_key }: RememberInput,
): Promise<RememberResult> {
  const answer = await deps.sql.begin(async tx => {
    const { episode, isNew } = await keepEpisode(tx, {
      userId,
      naturalKey: idempotency_key === undefined ? `id:${deps.id()}` : `key:${idempotency_key}`,
      source,
      content,
      context: '',
      tags,
    })
    if (!isNew) {
      const [raw] = await tx<{ id: string }[]>`
        select id from memory.memories
        where user_id = ${userId} and sources @> ${tx.json([episode.id])} and kind = 'episode'
        order by recorded_at, id limit 1`
      return toResult(raw?.id ?? episode.id, episode)
    }
    const id = deps.id()
    await tx`
      insert into memory.memories
        (id, user_id, kind, text, words, hash, confidence, tags, sources, valid_from, told_at)
      values (${id}, ${userId}, 'episode', ${content}, ${respell(content)}, ${hashOf(content)}, 1, ${tx.json(tags)},
        ${tx.json([episode.id])}, ${episode.occurred_at}, ${episode.occurred_at})`
    const event = createEvent(
      episodeRecorded,
      { user_id: userId, episode_id: episode.id },
      { subject: episode.id, id: episode.id, partitionkey: userId },
      { now: deps.clock.now(), newId: deps.id },
    )
    await enqueue(tx, 'memory', event)
    return toResult(id, episode)
  })
  await Promise.all([
    tryFlushOutbox(deps, 'memory'),
    syncIndex(deps, { timeoutMs: deps.config.EMBED_TIMEOUT_MS }),
  ])
  return answer
}

const toResult = (id: string, { consolidated_at }: Episode): RememberResult => ({
  memory_id: id,
  status: consolidated_at ? 'consolidated' : 'pending',
})
