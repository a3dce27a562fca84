/** Turns requests that begin and end into one value per second: the mean concurrency, or the count. */
import { createMetricWindow } from './metric-window.ts'
import type { ScaleSettings } from './scale-settings.ts'

/** The averages that the autoscaler decides on; undefined when there is no data. */
export interface LoadAverages {
  readonly stable: number
  readonly panic: number
}

/** Follows one revision's load on the virtual clock. */
export interface LoadMeter {
  /** A request arrived or ended: `inFlight` is the new number. */
  change(now: number, inFlight: number, arrived: boolean): void
  /** Replicas exist, so that silence is a measured zero and not a lack of data. */
  observe(now: number, observed: boolean): void
  /** The first request at zero: reported at once as one, without waiting for the second to end. */
  poke(now: number): void
  averages(now: number): LoadAverages | undefined
}

const SECOND_MS = 1_000

/** A meter with the revision's stable and panic windows. */
export function createLoadMeter(settings: ScaleSettings, start: number): LoadMeter {
  const options = { weighted: settings.weighted }
  const stable = createMetricWindow(settings.windowMs / SECOND_MS, options)
  const panic = createMetricWindow(settings.panicWindowMs / SECOND_MS, options)
  const countsRequests = settings.metric === 'rps'
  let second = toSecond(start)
  let at = start
  let inFlight = 0
  let observed = false
  let area = 0
  let arrivals = 0
  let poked = 0

  function accrue(now: number): void {
    // After more than a whole window of the same load, older seconds cannot matter.
    const horizon = now - settings.windowMs - SECOND_MS
    if (at < horizon) skipTo(horizon)
    while (toSecond(now) > second) {
      const end = (second + 1) * SECOND_MS
      area += inFlight * (end - at)
      closeSecond()
      at = end
    }
    area += inFlight * (now - at)
    at = now
  }

  function skipTo(time: number): void {
    if (second !== toSecond(time)) closeSecond()
    second = toSecond(time)
    at = second * SECOND_MS
  }

  function closeSecond(): void {
    if (observed || inFlight > 0 || area > 0 || poked > 0 || arrivals > 0) {
      const value = countsRequests ? arrivals : area / SECOND_MS
      record(second, Math.max(0, value - poked))
    }
    area = 0
    arrivals = 0
    poked = 0
    second++
  }

  function record(bucket: number, value: number): void {
    stable.record(bucket, value)
    panic.record(bucket, value)
  }

  return {
    change: (now, next, arrived) => {
      accrue(now)
      inFlight = next
      if (arrived) arrivals++
    },
    observe: (now, next) => {
      if (observed === next) return
      accrue(now)
      observed = next
    },
    poke: now => {
      accrue(now)
      if (poked > 0) return
      poked = 1
      record(second, 1)
    },
    averages: now => {
      accrue(now)
      const value = stable.average(toSecond(now))
      return value === undefined
        ? undefined
        : { stable: value, panic: panic.average(toSecond(now)) ?? 0 }
    },
  }
}

const toSecond = (time: number): number => Math.floor(time / SECOND_MS)
