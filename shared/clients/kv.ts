/** The key-value client of a function: Upstash's, with its hazardous defaults off. */
import { Redis } from '@upstash/redis'
import { AppError } from '../errors.ts'

/** The Upstash client; values are the texts that were stored. */
export type Kv = Redis

/** A slow store must not hold a request: the caller decides what its absence means. */
const DEADLINE_MS = 300

/**
 * One try, 300 ms, no guessing of types. Errors say `dependency_unavailable` and never repeat the command, which may
 * hold a session key.
 */
export function createKv(url: string, token: string): Kv {
  const redis = new Redis({
    url,
    token,
    retry: { retries: 0 },
    signal: () => AbortSignal.timeout(DEADLINE_MS),
    automaticDeserialization: false,
    enableTelemetry: false,
    enableAutoPipelining: false,
    latencyLogging: false,
  })
  redis.use(async (request, next) => {
    try {
      return await next(request)
    } catch (error) {
      const kind = error instanceof Error ? error.name : 'Error'
      throw new AppError('dependency_unavailable', 'the key-value store did not answer', {
        details: { dependency: 'kv', kind },
      })
    }
  })
  return redis
}
