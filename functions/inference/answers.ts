/** Answers to chat and generate: from the cache, from a request already on its way, or from the model. */
import type { Completion } from '../../shared/contracts/inference.ts'
import type { Asker, Piece, Question, Timing } from './ask.ts'
import { whole } from './ask.ts'
import { type Cache, cacheKey } from './cache.ts'
import type { Catalog, Model } from './catalog.ts'
import { createFlights } from './flights.ts'

/** How the answer was come by, as the header `x-cache` says it. */
export type Via = 'hit' | 'miss' | 'coalesced' | 'bypass'

/** What the request's own `x-cache` header asks for. */
export type CacheMode = 'allow' | 'bypass' | 'refresh'

/** Who asks, and how. */
export interface Asked {
  tenant: string
  /** The default model when absent. */
  model: string | undefined
  mode: CacheMode
  signal: AbortSignal
  timing: Timing
}

/** See {@link createAnswers}. */
export interface Answers {
  whole(question: Question, asked: Asked): Promise<{ completion: Completion; via: Via }>
  stream(
    question: Question,
    asked: Asked,
  ): Promise<{ pieces: AsyncIterable<Piece>; via: Via; model: string }>
}

/** Puts cache and coalescing before the asker. */
export function createAnswers({
  asker,
  cache,
  catalog,
}: {
  asker: Asker
  cache: Cache
  catalog: Catalog
}): Answers {
  const flights = createFlights<Completion>()

  async function prepare(question: Question, { tenant, model: name, mode }: Asked) {
    const model = await catalog.resolve('completion', name)
    const key = cacheKey({ ...question, tenant, digest: model.digest })
    const cacheable = mode !== 'bypass' && isRepeatable(question)
    const begun = performance.now()
    const found = cacheable && mode === 'allow' ? await readOne(cache, key, model) : undefined
    if (found) found.duration_ms = Math.round(performance.now() - begun)
    return { model, key, cacheable, found }
  }

  async function keep(question: Question, key: string, completion: Completion): Promise<void> {
    if (!isComplete(question, completion)) return
    await cache.write([[key, JSON.stringify(completion)]])
  }

  return {
    async whole(question, asked) {
      const { model, key, cacheable, found } = await prepare(question, asked)
      if (found) return { completion: found, via: 'hit' }
      const { tenant, timing, signal } = asked
      const run = async (until: AbortSignal): Promise<Completion> => {
        const completion = await whole(
          asker.ask(question, model, { tenant, signal: until, timing }),
        )
        if (cacheable) void keep(question, key, completion)
        return completion
      }
      if (asked.mode === 'bypass') return { completion: await run(signal), via: 'bypass' }
      const { answer, shared } = flights.join(key, signal, run)
      const begun = performance.now()
      const completion = await answer.catch(forgetGone(catalog))
      if (shared) timing.upstreamMs += performance.now() - begun
      return { completion, via: shared ? 'coalesced' : cacheable ? 'miss' : 'bypass' }
    },

    async stream(question, asked) {
      const { model, key, cacheable, found } = await prepare(question, asked)
      if (found) return { pieces: replay(found), via: 'hit', model: model.name }
      async function* pieces(): AsyncIterable<Piece> {
        for await (const piece of asker.ask(question, model, asked)) {
          if (cacheable && 'completion' in piece) void keep(question, key, piece.completion)
          yield piece
        }
      }
      return { pieces: pieces(), via: cacheable ? 'miss' : 'bypass', model: model.name }
    },
  }
}

/** Only what would be answered the same again: greedy, or with a seed. */
const isRepeatable = ({ options }: Question): boolean =>
  options?.temperature === 0 || options?.seed !== undefined

/** A cut, a limit or an answer that is not the JSON that was asked for must not be kept. */
function isComplete({ format }: Question, { done_reason, content }: Completion): boolean {
  if (done_reason !== 'stop') return false
  if (format === undefined) return true
  try {
    JSON.parse(content)
    return true
  } catch {
    return false
  }
}

async function readOne(cache: Cache, key: string, model: Model): Promise<Completion | undefined> {
  const [text] = await cache.read([key])
  if (text === undefined) return undefined
  return { ...(JSON.parse(text) as Completion), model: model.name, cached: true }
}

/** A kept answer comes word by word too, so that a client has one code path. */
async function* replay(completion: Completion): AsyncIterable<Piece> {
  for (const [delta] of completion.content.matchAll(/\s*\S+\s*/g)) yield { delta }
  yield { completion }
}

/** The server says that a model of our list is gone: the list is old. */
const forgetGone =
  (catalog: Catalog) =>
  (error: unknown): never => {
    if ((error as { code?: unknown }).code === 'not_found') catalog.forget()
    throw error
  }
