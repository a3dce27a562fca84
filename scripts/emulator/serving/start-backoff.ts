/** After a failed start: how long until the next attempt, on the virtual clock. */
import type { Clock } from '../clock.ts'
import type { StartFailure } from './replica.ts'

/** The memory of failed starts of one revision. */
export interface StartBackoff {
  fail(failure: StartFailure): void
  succeed(): void
  /** The latest failure, until a start succeeds. */
  failure(): StartFailure | undefined
  /** Virtual milliseconds until the next attempt is allowed; 0 is now. */
  remainingMs(): number
}

const FIRST_MS = 1_000
const MAX_MS = 60_000

/** Doubles from one second to a minute. */
export function createStartBackoff(clock: Clock): StartBackoff {
  let latest: StartFailure | undefined
  let waitMs = 0
  let until = 0
  return {
    fail: failure => {
      // Replicas started together fail together: that is one failure.
      const counted = latest === undefined || clock.now() >= until
      latest = failure
      if (!counted) return
      waitMs = waitMs === 0 ? FIRST_MS : Math.min(MAX_MS, waitMs * 2)
      until = clock.now() + waitMs
    },
    succeed: () => {
      latest = undefined
      waitMs = 0
      until = 0
    },
    failure: () => latest,
    remainingMs: () => Math.max(0, until - clock.now()),
  }
}
