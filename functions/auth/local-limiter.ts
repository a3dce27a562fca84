/** The limiter of one instance, for the time while the shared store is away. */
import type { Limit } from './attempt-limiter.ts'

/** The same rule as the shared limiter, in this process only. */
export interface LocalLimiter {
  /** Milliseconds to wait; 0 means admitted and counted. */
  admit(limits: readonly Limit[], attempt: string): number
  forget(key: string, attempt: string): void
  clear(key: string): void
}

/** Beyond this many names the one that was used longest ago is forgotten. */
const MAX_KEYS = 10_000

/** Keeps a log of the last `windowMs`, by the process's monotonic clock. */
export function createLocalLimiter(
  windowMs: number,
  now: () => number = () => performance.now(),
): LocalLimiter {
  const logs = new Map<string, { attempt: string; at: number }[]>()

  function recent(key: string): { attempt: string; at: number }[] {
    return (logs.get(key) ?? []).filter(({ at }) => at > now() - windowMs)
  }

  function admit(limits: readonly Limit[], attempt: string): number {
    const at = now()
    const found = limits.map(({ key, max }) => ({ key, max, entries: recent(key) }))
    const waits = found.map(({ entries, max }) => {
      const first = entries.at(-max)
      return entries.length >= max && first ? first.at + windowMs - at : 0
    })
    const wait = Math.max(0, ...waits)
    if (wait > 0) return wait
    for (const { key, entries } of found) {
      logs.delete(key)
      logs.set(key, [...entries, { attempt, at }])
    }
    const oldest = logs.size > MAX_KEYS ? logs.keys().next() : undefined
    if (oldest && !oldest.done) logs.delete(oldest.value)
    return 0
  }

  return {
    admit,
    forget(key, attempt) {
      const left = recent(key).filter(entry => entry.attempt !== attempt)
      if (left.length > 0) logs.set(key, left)
      else logs.delete(key)
    },
    clear(key) {
      logs.delete(key)
    },
  }
}
