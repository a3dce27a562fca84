/** When nothing is left to do. */
import type { Eventing } from './eventing/eventing.ts'
import type { Serving } from './serving/serving.ts'

/** How long to wait. */
export interface IdleOptions {
  /** Real milliseconds. */
  readonly timeoutMs?: number
}

const TIMEOUT_MS = 10_000
const LOOK_MS = 5

/**
 * Makes `idle`: it resolves when no event is unfinished and no request in flight, looked at twice. A retry that waits
 * for a virtual clock is unfinished: advance the clock.
 */
export function createIdle({
  serving,
  eventing,
  inFlight,
  debug,
}: {
  serving: Serving
  eventing: Eventing
  inFlight: () => number
  debug: () => string
}): (options?: IdleOptions) => Promise<void> {
  const isQuiet = (): boolean =>
    inFlight() === 0 &&
    serving.status().every(status => status.inFlight === 0 && status.queued === 0)

  return async function idle({ timeoutMs = TIMEOUT_MS } = {}) {
    const end = performance.now() + timeoutMs
    for (let seen = 0; seen < 2; ) {
      const left = end - performance.now()
      const done = left > 0 && (await within(eventing.idle(), left))
      if (!done) {
        throw new Error(
          `not idle after ${timeoutMs} ms (what waits for a virtual clock needs clock.advance):\n${debug()}`,
        )
      }
      seen = isQuiet() ? seen + 1 : 0
      await new Promise(resolve => setTimeout(resolve, LOOK_MS))
    }
  }
}

function within(task: Promise<void>, ms: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const timer = setTimeout(() => resolve(false), ms)
  task.then(() => resolve(true)).finally(() => clearTimeout(timer))
  return promise
}
