/** Turns what was said into memories: extracts facts, finds their neighbours, reconciles, indexes. */
import type { TurnCompleted } from '../../shared/contracts/chat.ts'
import type { EpisodeRecorded } from '../../shared/contracts/memory.ts'
import type { CloudEvent } from '../../shared/event.ts'
import { tryFlushOutbox } from '../../shared/outbox.ts'
import { type Candidate, consolidate } from './consolidate.ts'
import { type Episode, findEpisode, keepEpisode } from './episode.ts'
import { extract } from './extract.ts'
import type { Fact } from './heuristics.ts'
import type { MemoryDeps } from './settings.ts'
import { syncIndex } from './sync-index.ts'
import { embedTexts, nearest } from './vector-index.ts'

const NEIGHBOURS = 5

/** Handles a finished turn of a conversation; its id makes a second delivery harmless. */
export async function digestTurn(
  { data }: CloudEvent<TurnCompleted>,
  deps: MemoryDeps,
): Promise<void> {
  const { episode } = await keepEpisode(deps.sql, {
    userId: data.user_id,
    naturalKey: `turn:${data.turn_id}`,
    source: 'chat',
    content: data.user_text,
    context: data.assistant_text,
    tags: [],
    occurredAt: toDate(data.occurred_at, deps),
  })
  await digest(deps, episode)
}

/** Handles an episode that `remember` kept. */
export async function digestEpisode(
  { data }: CloudEvent<EpisodeRecorded>,
  deps: MemoryDeps,
): Promise<void> {
  const episode = await findEpisode(deps.sql, data.user_id, data.episode_id)
  if (episode) await digest(deps, episode)
  else deps.log.warn(`episode ${data.episode_id} is not here, nothing is extracted`)
}

async function digest(deps: MemoryDeps, episode: Episode): Promise<void> {
  if (!episode.consolidated_at && !episode.forgotten_at) {
    const extraction = await extract(deps, {
      source: episode.content,
      context: episode.context,
      occurredAt: episode.occurred_at,
    })
    const candidates = await nominate(deps, episode.user_id, extraction.facts)
    await consolidate(deps, episode, candidates, extraction)
  }
  await syncIndex(deps)
  await tryFlushOutbox(deps, 'memory')
}

/** Finds what each fact may repeat; without vectors, equal texts and attributes still meet in the transaction. */
async function nominate(deps: MemoryDeps, userId: string, facts: Fact[]): Promise<Candidate[]> {
  try {
    const texts = facts.map(({ text }) => text)
    const embeddings = await embedTexts(deps, texts, deps.config.EXTRACT_TIMEOUT_MS)
    return await Promise.all(
      facts.map(async (fact, index) => {
        const embedding = embeddings[index]
        const near = embedding && (await nearest(deps, userId, embedding, { limit: NEIGHBOURS }))
        return { fact, near: near ?? [] }
      }),
    )
  } catch (error) {
    deps.log.warn('facts are reconciled without vectors', { error })
    return facts.map(fact => ({ fact, near: [] }))
  }
}

/** A producer's clock may be wrong; a time that cannot be read is now, and nothing is said in the future. */
function toDate(time: string, { clock }: MemoryDeps): Date {
  const at = Date.parse(time)
  return new Date(Math.min(Number.isNaN(at) ? clock.now() : at, clock.now()))
}
