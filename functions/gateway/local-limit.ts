/** The request limit of one instance alone, for the time without a store: an exact log of the last window. */

/** The verdict on one request, and what its caller is told. */
export interface Verdict {
  allowed: boolean
  /** Requests that are certainly left. */
  remaining: number
  /** Seconds until more are free again. */
  resetSeconds: number
  /** The store cannot be reached: each instance counts for itself. */
  degraded: boolean
}

/** Counts in memory. */
export interface LocalLimit {
  take(caller: string): Verdict
  /** Counts a request that was allowed by other means, so that losing the store gives nobody a fresh limit. */
  count(caller: string): void
}

const MAX_CALLERS = 10_000

/** Makes an empty log. */
export function createLocalLimit({
  limit,
  windowMs,
  now,
}: {
  limit: number
  windowMs: number
  now: () => number
}): LocalLimit {
  const logs = new Map<string, number[]>()

  /** The requests of the last window, oldest first. */
  function recent(caller: string): number[] {
    const begin = now() - windowMs
    let log = logs.get(caller)
    if (!log) {
      if (logs.size >= MAX_CALLERS) {
        const oldest = logs.keys().next()
        if (!oldest.done) logs.delete(oldest.value)
      }
      log = []
      logs.set(caller, log)
    }
    const stale = log.findIndex(at => at > begin)
    if (stale !== 0) log.splice(0, stale < 0 ? log.length : stale)
    return log
  }

  return {
    take(caller) {
      const log = recent(caller)
      const allowed = log.length < limit
      if (allowed) log.push(now())
      const resetMs = (log[0] ?? now()) + windowMs - now()
      return {
        allowed,
        remaining: limit - log.length,
        resetSeconds: Math.max(1, Math.ceil(resetMs / 1000)),
        degraded: true,
      }
    },
    count(caller) {
      recent(caller).push(now())
    },
  }
}
