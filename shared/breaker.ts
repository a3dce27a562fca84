/** A circuit breaker: a service that keeps failing is left alone for a while, then tried with a few careful calls. */

/** Calls pass, calls are refused, a few calls pass to find out. */
export type BreakerState = 'closed' | 'open' | 'half-open'

/** The right to make one call. Exactly one of its members is called, once; further calls mean nothing. */
export interface Permit {
  /** The other side answered. */
  succeed(): void
  /** No answer, a late one, or one that says the service is broken. */
  fail(): void
  /** The call says nothing about the service: the client left, or the service asked for patience. */
  release(): void
}

/** Decides whether a call may be made. */
export interface Breaker {
  /** A permit, or how long the caller should wait before it asks again. */
  enter(): Permit | { retryAfterMs: number }
  readonly state: BreakerState
}

/** S3's numbers: 5 failures in a row open it for 30 s, then 3 calls are let through to find out. */
export interface BreakerOptions {
  /** Milliseconds of a clock that never goes back. There are no timers: states change when somebody looks. */
  now: () => number
  failureThreshold?: number
  recoveryMs?: number
  halfOpenCalls?: number
  /** A number in [0, 1) that spreads the recovery by 10 % either way, so that instances do not return together. */
  random?: () => number
  onChange?: (state: BreakerState) => void
}

/**
 * Makes a closed breaker. Success resets the count of failures. While half open, at most `halfOpenCalls` calls are in
 * flight; as many successes close it, one failure opens it again. What a call that began in an earlier phase reports
 * is ignored: it says nothing about the present.
 */
export function createBreaker({
  now,
  failureThreshold = 5,
  recoveryMs = 30_000,
  halfOpenCalls = 3,
  random = Math.random,
  onChange,
}: BreakerOptions): Breaker {
  let state: BreakerState = 'closed'
  let epoch = 0
  let failures = 0
  let successes = 0
  let probes = 0
  let openUntil = 0

  function change(next: BreakerState): void {
    state = next
    epoch += 1
    failures = 0
    successes = 0
    probes = 0
    if (next === 'open') openUntil = now() + recoveryMs * (0.9 + 0.2 * random())
    onChange?.(next)
  }

  function look(): BreakerState {
    if (state === 'open' && now() >= openUntil) change('half-open')
    return state
  }

  function issue(): Permit {
    const born = epoch
    let spent = false
    const settle = (report: () => void) => () => {
      if (spent) return
      spent = true
      if (born !== epoch) return
      if (state === 'half-open') probes -= 1
      report()
    }
    return {
      succeed: settle(() => {
        failures = 0
        successes += 1
        if (state === 'half-open' && successes >= halfOpenCalls) change('closed')
      }),
      fail: settle(() => {
        failures += 1
        if (state === 'half-open' || failures >= failureThreshold) change('open')
      }),
      release: settle(() => {}),
    }
  }

  return {
    enter() {
      const found = look()
      if (found === 'open') return { retryAfterMs: Math.max(1, openUntil - now()) }
      if (found === 'half-open') {
        if (probes >= halfOpenCalls) return { retryAfterMs: BUSY_PROBES_MS }
        probes += 1
      }
      return issue()
    },
    get state() {
      return look()
    },
  }
}

/** Probes answer within a call's own limit; a second is a fair time to come back. */
const BUSY_PROBES_MS = 1_000
