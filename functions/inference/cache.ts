/** The answers kept in the key-value store: half an hour, per tenant, per weights; its absence only costs time. */
import type { Kv } from '../../shared/clients/kv.ts'
import type { Logger } from '../../shared/log.ts'

/** Keeps texts under keys. Never throws: what cannot be read is not there. */
export interface Cache {
  /** One entry for each key, in order. */
  read(keys: readonly string[]): Promise<(string | undefined)[]>
  /** Not waited for by any request. */
  write(entries: readonly (readonly [key: string, value: string])[]): Promise<void>
}

const TTL_SECONDS = 30 * 60
/** A value beyond this is not worth its place. */
const MAX_VALUE_CHARS = 512 * 1024
/** After a failure the store is left alone for this long, so that its time-out is not paid by every request. */
const REST_MS = 10_000

/** Makes the cache of one process. */
export function createCache({
  kv,
  log,
  now,
}: {
  kv: () => Kv
  log: Logger
  now: () => number
}): Cache {
  let restUntil = 0

  async function tryTo<T>(task: () => Promise<T>, otherwise: T): Promise<T> {
    if (now() < restUntil) return otherwise
    try {
      return await task()
    } catch (error) {
      restUntil = now() + REST_MS
      log.warn('the cache cannot be reached, answers are not cached for now', { error })
      return otherwise
    }
  }

  return {
    read: keys =>
      tryTo(
        async () => {
          const values = await kv().mget<(string | null)[]>(...keys)
          return keys.map((_, index) => values[index] ?? undefined)
        },
        keys.map(() => undefined),
      ),
    write: entries =>
      tryTo(async () => {
        const kept = entries.filter(([, value]) => value.length <= MAX_VALUE_CHARS)
        if (kept.length === 0) return
        const pipeline = kv().pipeline()
        for (const [key, value] of kept) pipeline.set(key, value, { ex: TTL_SECONDS })
        await pipeline.exec()
      }, undefined),
  }
}

/**
 * The name of an answer: everything that it depends on, in one form whatever the order of the fields. The order within
 * a JSON Schema counts, because the model writes its properties in that order.
 */
export function cacheKey(parts: { format?: unknown } & Record<string, unknown>): string {
  const { format, ...rest } = parts
  const text = JSON.stringify([sorted(rest), format ?? null])
  return `inference:1:${process.getBuiltinModule('node:crypto').hash('sha256', text)}`
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]) => [name, sorted(member)]),
  )
}
