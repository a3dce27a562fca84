/** Between restarts of processes that were ready and fell ill: Kubernetes' CrashLoopBackOff, on the virtual clock. */
import type { Clock } from '../clock.ts'
import type { StartFailure } from './replica.ts'

/** The memory of restarts of one revision. */
export interface RestartBackoff {
  note(failure: StartFailure): void
  /** The latest, while it keeps the next start waiting. */
  failure(): StartFailure | undefined
  /** Virtual milliseconds until the next start is allowed; 0 is now. */
  remainingMs(): number
}

const FIRST_MS = 10_000
const MAX_MS = 300_000
/** So long without another one, and it counts as the first again. */
const FORGET_MS = 600_000

/** Nothing for the first, then ten seconds, doubling to five minutes. */
export function createRestartBackoff(clock: Clock): RestartBackoff {
  let latest: StartFailure | undefined
  let at = Number.NEGATIVE_INFINITY
  let waitMs: number | undefined
  const remainingMs = (): number => Math.max(0, at + (waitMs ?? 0) - clock.now())
  return {
    note: failure => {
      const now = clock.now()
      if (now - at > FORGET_MS + (waitMs ?? 0)) waitMs = undefined
      else waitMs = waitMs === undefined ? FIRST_MS : Math.min(MAX_MS, waitMs * 2)
      latest = failure
      at = now
    },
    failure: () => (remainingMs() > 0 ? latest : undefined),
    remainingMs,
  }
}
