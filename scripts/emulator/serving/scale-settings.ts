/** What the autoscaler needs to know of a revision: its annotations over Knative's defaults. */
import { autoscalingAnnotations } from '../manifests/autoscaling-annotations.ts'
import { parseGoDuration } from '../manifests/duration.ts'
import type { RevisionTemplate } from '../manifests/types.ts'

/** Resolved numbers of one revision; times in milliseconds. */
export interface ScaleSettings {
  readonly metric: 'concurrency' | 'rps'
  /** What one replica can take in full; its share `target` is what the autoscaler aims at. */
  readonly total: number
  readonly target: number
  readonly minScale: number
  /** 0 is unlimited. */
  readonly maxScale: number
  /** Undefined when not asked for: the emulator then starts at zero. */
  readonly initialScale: number | undefined
  readonly activationScale: number
  readonly scaleDownDelayMs: number
  readonly windowMs: number
  readonly panicWindowMs: number
  readonly panicThreshold: number
  readonly targetBurstCapacity: number
  readonly retentionMs: number
  readonly weighted: boolean
  readonly scaleToZero: boolean
}

/** config-autoscaler keys that no annotation changes. */
export const MAX_SCALE_UP_RATE = 1000
export const MAX_SCALE_DOWN_RATE = 2
export const SCALE_TO_ZERO_GRACE_MS = 30_000
export const TICK_MS = 2_000

const SECOND_MS = 1_000
const DEFAULTS = {
  window: '60s',
  'panic-window-percentage': '10',
  'panic-threshold-percentage': '200',
  'target-utilization-percentage': '70',
  'target-burst-capacity': '211',
  'scale-down-delay': '0s',
  'scale-to-zero-pod-retention-period': '0s',
  'min-scale': '0',
  'max-scale': '0',
  'activation-scale': '1',
} as const
const DEFAULT_CONCURRENCY_TARGET = 100
const DEFAULT_RPS_TARGET = 200
const MIN_TARGET = 0.01

/** Reads the (already checked) annotations of a template. */
export function readScaleSettings(
  template: Pick<RevisionTemplate, 'annotations' | 'containerConcurrency'>,
): ScaleSettings {
  const given = autoscalingAnnotations(template.annotations)
  const number = (name: keyof typeof DEFAULTS): number => Number(given[name] ?? DEFAULTS[name])
  const duration = (name: keyof typeof DEFAULTS): number =>
    parseGoDuration(given[name] ?? DEFAULTS[name]) ?? 0
  const metric = given.metric === 'rps' ? 'rps' : 'concurrency'
  const total = toTotal(metric, given.target, template.containerConcurrency)
  const windowMs = duration('window')
  const panicMs = (windowMs * number('panic-window-percentage')) / 100
  return {
    metric,
    total,
    target: Math.max(MIN_TARGET, (total * number('target-utilization-percentage')) / 100),
    minScale: number('min-scale'),
    maxScale: number('max-scale'),
    initialScale: given['initial-scale'] === undefined ? undefined : Number(given['initial-scale']),
    activationScale: number('activation-scale'),
    scaleDownDelayMs: duration('scale-down-delay'),
    windowMs,
    panicWindowMs: Math.max(SECOND_MS, Math.round(panicMs / SECOND_MS) * SECOND_MS),
    panicThreshold: number('panic-threshold-percentage') / 100,
    targetBurstCapacity: number('target-burst-capacity'),
    retentionMs: duration('scale-to-zero-pod-retention-period'),
    weighted: given['metric-aggregation-algorithm'] === 'weighted-exponential',
    // The HPA cannot scale to zero; its CPU metric does not exist here, concurrency stands in.
    scaleToZero: given.class !== 'hpa.autoscaling.knative.dev',
  }
}

function toTotal(metric: string, target: string | undefined, concurrency: number): number {
  const wanted = target === undefined ? undefined : Number(target)
  if (metric === 'rps') return wanted ?? DEFAULT_RPS_TARGET
  if (concurrency === 0) return wanted ?? DEFAULT_CONCURRENCY_TARGET
  return Math.min(wanted ?? concurrency, concurrency)
}
