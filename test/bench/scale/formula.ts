/**
 * Knative's pod autoscaler, computed apart from the emulator: the formulas of serving pkg/autoscaler/scaling,
 * pkg/autoscaler/aggregation and pkg/reconciler/autoscaling/kpa, over the load that the bench itself made.
 *
 * One convention is ours: what was measured in one second is booked in that second and known when it is over. A real
 * autoscaler's scrape falls anywhere in it.
 */

/** The numbers of one revision, written down by hand for each scenario. */
export interface FormulaSettings {
  readonly metric: 'concurrency' | 'rps'
  /** What one replica takes in full: the target, or the container concurrency where that is less. */
  readonly total: number
  readonly utilization: number
  readonly windowSeconds: number
  readonly panicPercentage: number
  readonly panicThreshold: number
  readonly minScale: number
  readonly maxScale: number
  readonly activationScale: number
  readonly scaleDownDelaySeconds: number
  readonly targetBurstCapacity: number
  readonly retentionSeconds: number
  readonly weighted: boolean
}

/** Knative's defaults, for concurrency without a limit. */
export const DEFAULTS: FormulaSettings = {
  metric: 'concurrency',
  total: 100,
  utilization: 0.7,
  windowSeconds: 60,
  panicPercentage: 10,
  panicThreshold: 2,
  minScale: 0,
  maxScale: 0,
  activationScale: 0,
  scaleDownDelaySeconds: 0,
  targetBurstCapacity: 211,
  retentionSeconds: 0,
  weighted: false,
}

/** The autoscaler of one revision; seconds are counted from the start of the bench. */
export interface Formula {
  /** What a second that is over measured; undefined when there was nothing to ask. */
  measured(second: number, value: number | undefined): void
  /** The first request at zero, which the activator reports at once as one. */
  poke(atSecond: number): void
  /** The decision at this moment, with so many replicas ready. */
  decide(atSecond: number, ready: number): number
}

const UP_RATE = 1_000
const DOWN_RATE = 2
const GRACE_SECONDS = 30
const TICK_SECONDS = 2
/** A delay is counted in whole ticks. */
const toTick = (seconds: number): number => Math.floor(seconds / TICK_SECONDS)

/** Begins at zero replicas, behind the activator. */
export function createFormula(settings: FormulaSettings): Formula {
  const samples = new Map<number, number>()
  let first: number | undefined
  let last = 0
  let pokedIn: number | undefined
  let panicSince: number | undefined
  let mostInPanic = 0
  const decisions: { at: number; desired: number }[] = []
  let active: { is: 'no' | 'soon' | 'yes'; since: number } = { is: 'no', since: 0 }
  let proxiedSince: number | undefined = 0

  function add(second: number, value: number): void {
    // Silence as long as the window begins a new history.
    if (first === undefined || second - last >= settings.windowSeconds) {
      samples.clear()
      first = second
    }
    last = Math.max(last, second)
    samples.set(second, (samples.get(second) ?? 0) + value)
  }

  function average(now: number, seconds: number): number {
    const silent = now - last
    if (first === undefined || silent >= seconds) return 0
    const held = seconds - silent
    const values = Array.from({ length: held }, (_, age) => samples.get(last - age) ?? 0)
    if (settings.weighted) {
      const a = Math.max(0.2, 1 - (1 - 0.9999) ** (1 / seconds))
      return toSix(values.reduce((sum, value, age) => sum + a * (1 - a) ** age * value, 0))
    }
    const count = Math.min(last - first + 1, held)
    return toSix(values.slice(0, count).reduce((sum, value) => sum + value, 0) / count)
  }

  function decide(now: number, readyReplicas: number): number {
    const { windowSeconds, panicPercentage, total } = settings
    const second = Math.floor(now)
    if (first === undefined || second - last >= windowSeconds) {
      // No data: the scale is left alone.
      return Math.max(readyReplicas, settings.minScale)
    }
    const panicSeconds = Math.max(1, Math.round((windowSeconds * panicPercentage) / 100))
    const stableLoad = average(second, windowSeconds)
    const panicLoad = average(second, panicSeconds)
    const desired = limit(wanted(now, readyReplicas, stableLoad, panicLoad))
    const burst = settings.targetBurstCapacity
    const spare =
      burst === 0 ? 0 : burst < 0 ? -1 : Math.floor(readyReplicas * total - burst - panicLoad)
    const scale = desired > 0 ? desired : toZero(now, readyReplicas)
    if (desired > 0) {
      const threshold = Math.max(1, settings.minScale)
      become(readyReplicas >= threshold ? 'yes' : 'soon', now)
    }
    proxiedSince = desired > 0 && spare >= 0 ? undefined : (proxiedSince ?? now)
    return scale
  }

  function wanted(now: number, readyReplicas: number, stable: number, panic: number): number {
    const { activationScale, utilization, total, windowSeconds } = settings
    const target = Math.max(0.01, total * utilization)
    const ready = Math.max(1, readyReplicas)
    const up = Math.ceil(UP_RATE * ready)
    const down = Math.floor(ready / DOWN_RATE)
    const stablePods = Math.ceil(stable / target)
    const panicPods = Math.ceil(panic / target)
    let forStable = Math.min(Math.max(stablePods, down), up)
    let forPanic = Math.min(Math.max(panicPods, down), up)
    if (activationScale > 1) {
      if (stablePods > 0) forStable = Math.max(forStable, activationScale)
      if (panicPods > 0) forPanic = Math.max(forPanic, activationScale)
    }
    const isOver = panicPods / ready >= settings.panicThreshold
    if (isOver) panicSince = now
    else if (panicSince !== undefined && panicSince + windowSeconds < now) {
      panicSince = undefined
      mostInPanic = 0
    }
    if (panicSince === undefined) return delayed(now, forStable)
    mostInPanic = Math.max(mostInPanic, forStable, forPanic)
    return delayed(now, mostInPanic)
  }

  function delayed(now: number, desired: number): number {
    const { scaleDownDelaySeconds } = settings
    if (scaleDownDelaySeconds === 0) return desired
    decisions.push({ at: now, desired })
    return decisions
      .filter(
        ({ at }) => toTick(now) - toTick(at) < Math.ceil(scaleDownDelaySeconds / TICK_SECONDS),
      )
      .reduce((most, decision) => Math.max(most, decision.desired), 0)
  }

  function limit(desired: number): number {
    const least = Math.max(desired, settings.minScale)
    return settings.maxScale === 0 ? least : Math.min(least, settings.maxScale)
  }

  function toZero(now: number, ready: number): number {
    const age = now - active.since
    if (active.is === 'soon') {
      if (ready > 0) become('yes', now)
      return 1
    }
    if (active.is === 'yes') {
      if (age >= settings.windowSeconds) become('no', now)
      return 1
    }
    const { retentionSeconds } = settings
    const isProxied = proxiedSince !== undefined && now - proxiedSince >= GRACE_SECONDS
    const mayGo =
      age >= Math.max(GRACE_SECONDS, retentionSeconds) || (age >= retentionSeconds && isProxied)
    return mayGo ? 0 : Math.min(1, ready)
  }

  function become(is: 'no' | 'soon' | 'yes', now: number): void {
    if (active.is !== is) active = { is, since: now }
  }

  return {
    measured(second, value) {
      if (value === undefined) return
      // The activator's early report is taken out of the regular one.
      add(second, pokedIn === second ? Math.max(0, value - 1) : value)
    },
    poke(at) {
      pokedIn = Math.floor(at)
      add(pokedIn, 1)
      become('soon', at)
    },
    decide,
  }
}

const toSix = (value: number): number => Math.round(value * 1e6) / 1e6
