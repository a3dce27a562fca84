/** A bounded, fair waiting line in front of a model: the server's own queue has neither a bound nor fairness. */
import { AppError } from '../../shared/errors.ts'

/** The line in front of one model. */
export interface Queue {
  /**
   * Waits for a place; the returned function gives it back and is harmless when called again.
   * @throws {@link AppError} `rate_limited` when the line is full; the signal's reason when it fires first
   */
  enter(tenant: string, signal: AbortSignal): Promise<() => void>
  /** How many wait. */
  waiting(): number
  running(): number
}

interface Waiter {
  admit: () => void
}

/** A place is expected to take this long until one has been given back. */
const FIRST_GUESS_MS = 2_000
const MAX_RETRY_AFTER_SECONDS = 60

/** Makes a line that lets `concurrency` in at once and `limit` wait, one of each tenant in turn. */
export function createQueue({
  concurrency,
  limit,
  now,
}: {
  concurrency: number
  limit: number
  now: () => number
}): Queue {
  /** In the order of their next turn. */
  const lines = new Map<string, Waiter[]>()
  let running = 0
  let waiting = 0
  let averageMs = FIRST_GUESS_MS

  function admit(): () => void {
    running += 1
    const begun = now()
    let given = false
    return () => {
      if (given) return
      given = true
      running -= 1
      averageMs = 0.8 * averageMs + 0.2 * (now() - begun)
      callNext()
    }
  }

  function callNext(): void {
    const [tenant, line] = lines.entries().next().value ?? []
    const next = line?.shift()
    if (tenant === undefined || !line || !next) return
    lines.delete(tenant)
    if (line.length > 0) lines.set(tenant, line)
    waiting -= 1
    next.admit()
  }

  function leave(tenant: string, waiter: Waiter): void {
    const line = lines.get(tenant)?.filter(other => other !== waiter) ?? []
    if (line.length > 0) lines.set(tenant, line)
    else lines.delete(tenant)
    waiting -= 1
  }

  async function enter(tenant: string, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted()
    if (running < concurrency) return admit()
    if (waiting >= limit) {
      const seconds = Math.ceil((averageMs * (waiting + 1)) / concurrency / 1000)
      throw new AppError('rate_limited', `${waiting} requests are waiting for this model already`, {
        details: { waiting, running },
        retryAfterSeconds: Math.min(Math.max(seconds, 1), MAX_RETRY_AFTER_SECONDS),
      })
    }
    return new Promise((resolve, reject) => {
      const abandon = (): void => {
        leave(tenant, waiter)
        reject(signal.reason)
      }
      const waiter: Waiter = {
        admit() {
          signal.removeEventListener('abort', abandon)
          resolve(admit())
        },
      }
      signal.addEventListener('abort', abandon, { once: true })
      lines.set(tenant, [...(lines.get(tenant) ?? []), waiter])
      waiting += 1
    })
  }

  return { enter, waiting: () => waiting, running: () => running }
}
