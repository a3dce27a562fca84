/** Embeddings: each text once, from the cache where possible, checked and of unit length. */
import type { Models } from '../../shared/clients/models.ts'
import type { EmbedResult } from '../../shared/contracts/inference.ts'
import { AppError } from '../../shared/errors.ts'
import type { Asked, Via } from './answers.ts'
import type { Limits } from './ask.ts'
import { type Cache, cacheKey } from './cache.ts'
import type { Catalog, Model } from './catalog.ts'
import { createFlights } from './flights.ts'
import type { Queue } from './queue.ts'
import { forRequest } from './upstream.ts'
import { createWatchdog } from './watchdog.ts'

/** Turns texts into vectors. */
export type Embed = (
  input: readonly string[],
  asked: Asked,
) => Promise<{ result: EmbedResult; via: Via }>

/** More texts than these come from a bulk import, whose vectors are kept by whoever imports. */
const MAX_CACHED_TEXTS = 32
/** float32 sums differ by less; anything beyond was not normalised. */
const UNIT_TOLERANCE = 1e-4

/** Makes the embedder of one process. */
export function createEmbed({
  models,
  queueOf,
  cache,
  catalog,
  limits,
}: {
  models: () => Models
  queueOf: (model: string) => Queue
  cache: Cache
  catalog: Catalog
  limits: Limits
}): Embed {
  const flights = createFlights<number[][]>()

  async function compute(
    texts: string[],
    model: Model,
    asked: Asked,
    signal: AbortSignal,
  ): Promise<number[][]> {
    const waited = performance.now()
    const leave = await queueOf(model.name).enter(asked.tenant, signal)
    const begun = performance.now()
    asked.timing.queueMs += begun - waited
    // One answer for all texts: there is no first token to wait for, only the whole.
    const watchdog = createWatchdog(signal, {
      firstMs: limits.LOAD_TIMEOUT_MS,
      idleMs: limits.IDLE_TIMEOUT_MS,
    })
    let complete = false
    try {
      const client = forRequest(models(), { model: model.name, signal: watchdog.signal })
      const { embeddings } = await client.embed({ model: model.name, input: texts })
      complete = true
      return check(embeddings, texts.length)
    } catch (error) {
      if (watchdog.signal.aborted) throw watchdog.signal.reason
      if (error instanceof AppError) throw error
      throw new AppError('upstream_error', 'the embeddings arrived damaged', { cause: error })
    } finally {
      watchdog.close(complete)
      leave()
      asked.timing.upstreamMs += performance.now() - begun
    }
  }

  return async (input, asked) => {
    const { mode, tenant, signal, timing } = asked
    const model = await catalog.resolve('embedding', asked.model)
    const texts = [...new Set(input)]
    const cacheable = mode !== 'bypass' && texts.length <= MAX_CACHED_TEXTS
    const keys = cacheable
      ? texts.map(text => cacheKey({ op: 'embed', tenant, digest: model.digest, text }))
      : []
    const found = cacheable && mode === 'allow' ? await cache.read(keys) : []
    const vectors = new Map<string, number[]>()
    for (const [index, text] of texts.entries()) {
      const kept = found[index]
      if (kept !== undefined) vectors.set(text, JSON.parse(kept) as number[])
    }
    const missing = texts.filter(text => !vectors.has(text))
    let via: Via = cacheable ? 'miss' : 'bypass'
    if (missing.length === 0) via = 'hit'
    else {
      const run = (until: AbortSignal): Promise<number[][]> => compute(missing, model, asked, until)
      const flight = cacheKey({ op: 'embed', tenant, digest: model.digest, missing })
      const joined =
        mode === 'bypass'
          ? { answer: run(signal), shared: false }
          : flights.join(flight, signal, run)
      const begun = performance.now()
      const computed = await joined.answer
      if (joined.shared) {
        via = 'coalesced'
        timing.upstreamMs += performance.now() - begun
      }
      for (const [index, text] of missing.entries()) vectors.set(text, computed[index] ?? [])
      if (cacheable && !joined.shared) {
        void cache.write(
          missing.map(text => [keys[texts.indexOf(text)] ?? '', JSON.stringify(vectors.get(text))]),
        )
      }
    }
    const embeddings = input.map(text => vectors.get(text) ?? [])
    const dimensions = embeddings[0]?.length ?? 0
    return { result: { model: model.name, dimensions, embeddings }, via }
  }
}

/** One vector of the same length for each text, finite and not zero, or the answer is refused. */
function check(vectors: unknown, count: number): number[][] {
  if (!Array.isArray(vectors) || vectors.length !== count) {
    const got = Array.isArray(vectors) ? vectors.length : 'none'
    throw new AppError('upstream_error', `the model must give ${count} vectors, got ${got}`)
  }
  const length = (vectors[0] as unknown[] | undefined)?.length
  return vectors.map((vector: unknown) => {
    if (!Array.isArray(vector) || vector.length === 0 || vector.length !== length) {
      throw new AppError('upstream_error', 'the model gave vectors of unlike lengths')
    }
    return toUnit(vector as number[])
  })
}

function toUnit(vector: number[]): number[] {
  const norm = Math.hypot(...vector)
  if (!Number.isFinite(norm)) {
    throw new AppError('upstream_error', 'the model gave a vector that is not finite')
  }
  // An empty text has no direction: some models give the zero vector for it.
  if (norm === 0 || Math.abs(norm - 1) < UNIT_TOLERANCE) return vector
  return vector.map(value => value / norm)
}
