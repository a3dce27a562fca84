/** The emulator's one source of time: a dial that a user can speed up and a test can advance. */

/** Cancels the timer it came from; harmless when the timer has fired. */
export type Cancel = () => void

/** Virtual time. Everything in the emulator that waits or stamps asks here, never `Date` or `setTimeout`. */
export interface Clock {
  /** Virtual milliseconds since the Unix epoch. */
  now(): number
  /** Runs `task` once, `delayMs` virtual milliseconds from now. Timers never keep the process alive. */
  after(delayMs: number, task: () => void): Cancel
  /** Runs `task` every `periodMs` virtual milliseconds until cancelled. */
  every(periodMs: number, task: () => void): Cancel
  /** Resolves after `delayMs` virtual milliseconds; rejects with the signal's reason when aborted. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>
  /** Jumps forward, firing what falls due on the way in order, and letting promises settle between. */
  advance(ms: number): Promise<void>
}

interface Timer {
  due: number
  task: () => void
  cancelled: boolean
}

/**
 * A clock that runs `scale` times as fast as the wall, or stands still between `advance` calls when `scale` is 0.
 * @throws TypeError when `scale` is negative or not finite
 */
export function createClock({
  scale = 1,
  start = Date.now(),
}: {
  scale?: number
  start?: number
} = {}): Clock {
  if (!Number.isFinite(scale) || scale < 0) {
    throw new TypeError(`"scale" must be a number >= 0, got ${scale}`)
  }
  const timers: Timer[] = []
  /** At least as many as there are in `timers`. */
  let cancelled = 0
  let origin = performance.now()
  let base = start
  let wake: NodeJS.Timeout | undefined

  const now = (): number => base + (performance.now() - origin) * scale

  function after(delayMs: number, task: () => void): Cancel {
    const timer: Timer = { due: now() + Math.max(0, delayMs), task, cancelled: false }
    insert(timers, timer)
    arm()
    return () => {
      if (timer.cancelled) return
      timer.cancelled = true
      cancelled += 1
      if (cancelled > SWEPT_CANCELLED && cancelled > timers.length / 2) sweep()
    }
  }

  /** Bounds that are mostly taken back, a quarter of an hour from now, would pile up until then. */
  function sweep(): void {
    let kept = 0
    for (const timer of timers) {
      if (timer.cancelled) continue
      timers[kept] = timer
      kept += 1
    }
    timers.length = kept
    cancelled = 0
  }

  function every(periodMs: number, task: () => void): Cancel {
    let cancel: Cancel = () => {}
    let stopped = false
    const tick = (): void => {
      if (stopped) return
      cancel = after(periodMs, tick)
      task()
    }
    cancel = after(periodMs, tick)
    return () => {
      stopped = true
      cancel()
    }
  }

  function sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const onAbort = (): void => {
        cancel()
        reject(signal?.reason)
      }
      const cancel = after(delayMs, () => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      })
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  async function advance(ms: number): Promise<void> {
    const target = now() + ms
    for (let next = timers[0]; next && next.due <= target; next = timers[0]) {
      rebase(Math.max(now(), next.due))
      fireDue()
      await settle()
    }
    rebase(Math.max(now(), target))
    arm()
  }

  function rebase(virtual: number): void {
    base = virtual
    origin = performance.now()
  }

  function fireDue(): void {
    const limit = now()
    for (let next = timers[0]; next && next.due <= limit; next = timers[0]) {
      timers.shift()
      if (next.cancelled) continue
      next.cancelled = true
      next.task()
    }
  }

  function arm(): void {
    if (wake) clearTimeout(wake)
    while (timers[0]?.cancelled) timers.shift()
    const next = timers[0]
    if (!next || scale === 0) return
    const waitMs = Math.min(Math.max(0, (next.due - now()) / scale), MAX_TIMEOUT_MS)
    wake = setTimeout(() => {
      fireDue()
      arm()
    }, waitMs)
    wake.unref()
  }

  return { now, after, every, sleep, advance }
}

const SWEPT_CANCELLED = 1_000

/** `setTimeout` overflows to 1 ms beyond this (HTML, "timer initialization steps"). */
const MAX_TIMEOUT_MS = 2 ** 31 - 1

/** Binary insertion, stable for equal due times. */
function insert(timers: Timer[], timer: Timer): void {
  let low = 0
  let high = timers.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((timers[middle]?.due ?? 0) <= timer.due) low = middle + 1
    else high = middle
  }
  timers.splice(low, 0, timer)
}

const settle = (): Promise<void> => new Promise(resolve => setImmediate(resolve))
