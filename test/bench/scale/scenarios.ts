/** The recorded loads: each brings one Service from zero to several replicas and back, by other rules. */
import { DEFAULTS, type FormulaSettings } from './formula.ts'

/** A stretch of the load: from one level to another in a straight line. */
export interface Stretch {
  readonly seconds: number
  /** Requests in flight, or requests a second. */
  readonly from: number
  readonly to: number
}

/** One Service with its load. */
export interface Scenario {
  readonly name: string
  /** Without the prefix `autoscaling.knative.dev/`. */
  readonly annotations: Readonly<Record<string, string>>
  readonly containerConcurrency: number
  /** The same in the formula's numbers. */
  readonly settings: FormulaSettings
  readonly load: readonly Stretch[]
}

const hold = (seconds: number, level: number): Stretch => ({ seconds, from: level, to: level })
const ramp = (seconds: number, from: number, to: number): Stretch => ({ seconds, from, to })

/** All of them. */
export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'steps and a burst, default window',
    annotations: { target: '10' },
    containerConcurrency: 0,
    settings: { ...DEFAULTS, total: 10 },
    load: [hold(10, 3), hold(20, 12), hold(6, 55), hold(40, 20), ramp(30, 20, 0), hold(170, 0)],
  },
  {
    name: 'container concurrency, short window',
    annotations: { window: '10s', 'scale-to-zero-pod-retention-period': '45s' },
    containerConcurrency: 4,
    settings: { ...DEFAULTS, total: 4, windowSeconds: 10, retentionSeconds: 45 },
    load: [
      ...[ramp(12, 1, 8), hold(10, 24), hold(3, 2), hold(4, 26), ramp(20, 20, 0), hold(80, 0)],
      // Its first second tells whether the activator's early report is counted twice.
      ...[hold(5, 8), hold(80, 0)],
    ],
  },
  {
    name: 'requests per second',
    annotations: { metric: 'rps', target: '10', window: '20s' },
    containerConcurrency: 0,
    settings: { ...DEFAULTS, metric: 'rps', total: 10, windowSeconds: 20 },
    load: [ramp(15, 4, 30), hold(10, 50), hold(6, 0), hold(10, 16), ramp(15, 16, 0), hold(80, 0)],
  },
  {
    name: 'bounds, activation scale, delayed scale down',
    annotations: {
      target: '5',
      window: '10s',
      'max-scale': '6',
      'activation-scale': '3',
      'scale-down-delay': '20s',
      'target-utilization-percentage': '100',
    },
    containerConcurrency: 0,
    settings: {
      ...{ ...DEFAULTS, total: 5, utilization: 1, windowSeconds: 10, maxScale: 6 },
      ...{ activationScale: 3, scaleDownDelaySeconds: 20 },
    },
    load: [hold(8, 1), hold(10, 60), hold(8, 5), hold(8, 25), hold(80, 0)],
  },
  {
    name: 'weighted average, early panic',
    annotations: {
      target: '4',
      window: '20s',
      'metric-aggregation-algorithm': 'weighted-exponential',
      'panic-window-percentage': '20',
      'panic-threshold-percentage': '120',
      'target-utilization-percentage': '50',
    },
    containerConcurrency: 0,
    settings: {
      ...{ ...DEFAULTS, total: 4, utilization: 0.5, windowSeconds: 20, weighted: true },
      ...{ panicPercentage: 20, panicThreshold: 1.2 },
    },
    load: [ramp(20, 1, 12), hold(4, 18), ramp(20, 12, 3), hold(10, 3), hold(90, 0)],
  },
  {
    name: 'no burst capacity, whole grace period',
    annotations: { target: '6', window: '10s', 'target-burst-capacity': '0' },
    containerConcurrency: 0,
    settings: { ...DEFAULTS, total: 6, windowSeconds: 10, targetBurstCapacity: 0 },
    load: [hold(6, 2), ramp(10, 2, 30), hold(10, 30), hold(100, 0)],
  },
]

/** The level at a moment; whole, since half a request cannot be in flight. */
export function levelAt(load: readonly Stretch[], second: number): number {
  let left = second
  for (const { seconds, from, to } of load) {
    if (left < seconds) return Math.round(from + ((to - from) * left) / seconds)
    left -= seconds
  }
  return 0
}

/** How long a load is. */
export const secondsOf = (load: readonly Stretch[]): number =>
  load.reduce((sum, { seconds }) => sum + seconds, 0)
