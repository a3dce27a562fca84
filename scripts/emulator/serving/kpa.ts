/** The Knative pod autoscaler's decision, as a pure function (serving pkg/autoscaler/scaling/autoscaler.go). */
import type { LoadAverages } from './load-meter.ts'
import { type ScaleSettings, TICK_MS } from './scale-settings.ts'

/** What one decision leaves for the next. */
export interface KpaState {
  /** Start (or last extension) of panic mode. */
  readonly panicAt: number | undefined
  readonly maxPanicReplicas: number
  /** Recent decisions, for scale-down-delay. */
  readonly recent: readonly { readonly at: number; readonly desired: number }[]
}

/** What is known at a tick. */
export interface KpaInput {
  readonly now: number
  readonly averages: LoadAverages
  readonly readyReplicas: number
  readonly reachable: boolean
}

/** The decision, before bounds. */
export interface KpaDecision {
  readonly state: KpaState
  readonly desired: number
  /** Below zero Knative keeps the activator in the path. */
  readonly excessBurstCapacity: number
}

/** Before the first decision. */
export const INITIAL_KPA_STATE: KpaState = { panicAt: undefined, maxPanicReplicas: 0, recent: [] }

/** How many replicas the load asks for. */
export function decide(settings: ScaleSettings, state: KpaState, input: KpaInput): KpaDecision {
  const { now, averages, reachable } = input
  const ready = Math.max(1, input.readyReplicas)
  const up = Math.ceil(settings.maxScaleUpRate * ready)
  const down = reachable ? Math.floor(ready / settings.maxScaleDownRate) : 0
  const wantStable = Math.ceil(averages.stable / settings.target)
  const wantPanic = Math.ceil(averages.panic / settings.target)
  const clamp = (want: number): number => Math.min(Math.max(want, down), up)
  const activate = (want: number): number =>
    settings.activationScale > 1 && want > 0
      ? Math.max(clamp(want), settings.activationScale)
      : clamp(want)
  const stable = activate(wantStable)
  const panic = activate(wantPanic)

  const panicAt = nextPanic(
    settings,
    state.panicAt,
    wantPanic / ready >= settings.panicThreshold,
    now,
  )
  const maxPanicReplicas =
    panicAt === undefined ? 0 : Math.max(state.maxPanicReplicas, stable, panic)
  const undelayed = panicAt === undefined ? stable : maxPanicReplicas
  const { desired, recent } = delayed(settings, state.recent, undelayed, now, reachable)
  return {
    state: { panicAt, maxPanicReplicas, recent },
    desired,
    excessBurstCapacity: burstCapacity(settings, input.readyReplicas, averages.panic),
  }
}

/** min-scale, max-scale, and initial-scale until it was reached once. */
export function bound(
  settings: ScaleSettings,
  desired: number,
  { reachable, initialReached }: { reachable: boolean; initialReached: boolean },
): number {
  const initial = initialReached ? 0 : (settings.initialScale ?? 0)
  const min = reachable ? Math.max(settings.minScale, initial) : 0
  const max = settings.maxScale === 0 ? Number.MAX_SAFE_INTEGER : settings.maxScale
  return Math.min(Math.max(desired, min), max)
}

function nextPanic(
  settings: ScaleSettings,
  panicAt: number | undefined,
  over: boolean,
  now: number,
): number | undefined {
  if (over) return now
  return panicAt !== undefined && panicAt + settings.windowMs < now ? undefined : panicAt
}

function delayed(
  settings: ScaleSettings,
  recent: KpaState['recent'],
  desired: number,
  now: number,
  reachable: boolean,
): { desired: number; recent: KpaState['recent'] } {
  if (!reachable || settings.scaleDownDelayMs === 0) return { desired, recent: [] }
  const oldest = toTick(now) - Math.ceil(settings.scaleDownDelayMs / TICK_MS)
  const kept = recent.filter(({ at }) => toTick(at) > oldest)
  const next = [...kept, { at: now, desired }]
  return { desired: Math.max(...next.map(entry => entry.desired)), recent: next }
}

/** The delay is counted in whole ticks (serving pkg/autoscaler/aggregation/max/timewindow.go). */
const toTick = (time: number): number => Math.floor(time / TICK_MS)

function burstCapacity(settings: ScaleSettings, ready: number, panicAverage: number): number {
  const { targetBurstCapacity, total } = settings
  if (targetBurstCapacity === 0) return 0
  if (targetBurstCapacity < 0) return -1
  return Math.floor(ready * total - targetBurstCapacity - panicAverage)
}
