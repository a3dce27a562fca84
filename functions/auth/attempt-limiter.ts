/** Limits attempts exactly: never more than N within any window, whoever counts and however many ask at once. */
import type { Kv } from '../../shared/clients/kv.ts'
import { AppError } from '../../shared/errors.ts'
import type { Logger } from '../../shared/log.ts'
import { createLocalLimiter } from './local-limiter.ts'

/** One of the limits that an attempt must keep. */
export interface Limit {
  /** Name of the log, with identifiers hashed: `rl:login:acct:…`. */
  key: string
  max: number
}

/** An admitted attempt. */
export interface Attempt {
  /** Forgets this attempt under `key`. */
  forget(key: string): Promise<void>
  /** Forgets every attempt under `key`. */
  clear(key: string): Promise<void>
}

/** Admits or refuses attempts. */
export interface AttemptLimiter {
  /**
   * Counts one attempt under all `limits`, or refuses it and counts nothing.
   * @throws {@link AppError} `rate_limited` with the seconds until the next attempt can pass
   */
  admit(limits: readonly Limit[]): Promise<Attempt>
}

/**
 * KEYS: the logs, sorted sets of attempt ids by milliseconds. ARGV: window in ms, attempt id, then the limit of each key.
 * Answers the milliseconds to wait; 0 means admitted and counted. The store's clock decides, all in one step; asked again
 * with the same id it answers the same, so a lost answer can be asked for.
 */
const ADMIT = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local window = tonumber(ARGV[1])
local wait = 0
if redis.call('ZSCORE', KEYS[1], ARGV[2]) then return 0 end
for i, key in ipairs(KEYS) do
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now - window)
  local max = tonumber(ARGV[i + 2])
  local count = redis.call('ZCARD', key)
  if count >= max then
    local first = redis.call('ZRANGE', key, count - max, count - max, 'WITHSCORES')
    wait = math.max(wait, first[2] + window - now)
  end
end
if wait > 0 then return wait end
for _, key in ipairs(KEYS) do
  redis.call('ZADD', key, now, ARGV[2])
  redis.call('PEXPIRE', key, window)
end
return 0`

/**
 * Each instance keeps the same limits on its own first: an account that is being hammered costs the store nothing, and
 * while the store is away the limit is N for each instance instead of N for all. That is weaker than refusing every
 * login and stronger than admitting every guess.
 */
export function createAttemptLimiter({
  kv,
  windowSeconds,
  id,
  log,
}: {
  kv: () => Kv
  windowSeconds: number
  id: () => string
  log: Logger
}): AttemptLimiter {
  const windowMs = windowSeconds * 1000
  const local = createLocalLimiter(windowMs)

  async function ask(limits: readonly Limit[], attempt: string): Promise<number> {
    const waitMs = local.admit(limits, attempt)
    if (waitMs > 0) return waitMs
    const keys = limits.map(({ key }) => key)
    const maxima = limits.map(({ max }) => String(max))
    const evaluate = async (): Promise<number> =>
      Number(await kv().eval(ADMIT, keys, [String(windowMs), attempt, ...maxima]))
    try {
      const answer = await evaluate().catch(evaluate)
      if (answer > 0) for (const key of keys) local.forget(key, attempt)
      return answer
    } catch (error) {
      log.warn('attempts are limited by this instance alone: the key-value store is away', {
        error,
      })
      return 0
    }
  }

  async function admit(limits: readonly Limit[]): Promise<Attempt> {
    const attempt = id()
    const waitMs = await ask(limits, attempt)
    if (waitMs > 0) {
      throw new AppError('rate_limited', 'too many attempts, try again later', {
        retryAfterSeconds: Math.ceil(waitMs / 1000),
      })
    }
    const quietly = (task: Promise<unknown>): Promise<void> =>
      task.then(
        () => {},
        error => log.warn('an attempt could not be forgotten', { error }),
      )
    return {
      forget(key) {
        local.forget(key, attempt)
        return quietly(kv().zrem(key, attempt))
      },
      clear(key) {
        local.clear(key)
        return quietly(kv().del(key))
      },
    }
  }

  return { admit }
}
