/** What the autoscaler needs to know of a revision: its annotations over the cluster's configuration. */
import { autoscalingAnnotations } from '../manifests/autoscaling-annotations.ts'
import { parseGoDuration } from '../manifests/duration.ts'
import type { RevisionTemplate } from '../manifests/types.ts'
import { type AutoscalerConfig, DEFAULT_CLUSTER_CONFIG } from './cluster-config.ts'

/** Resolved numbers of one revision; times in milliseconds. */
export interface ScaleSettings {
  readonly metric: 'concurrency' | 'rps'
  /** What one replica can take in full; its share `target` is what the autoscaler aims at. */
  readonly total: number
  readonly target: number
  readonly minScale: number
  /** 0 is unlimited. */
  readonly maxScale: number
  /** Undefined when not asked for: 1 for what is deployed, 0 for what `npm start` finds. */
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
  readonly maxScaleUpRate: number
  readonly maxScaleDownRate: number
  readonly graceMs: number
  readonly activatorCapacity: number
}

/** How often the autoscaler decides; no operator can change it. */
export const TICK_MS = 2_000

const HPA = 'hpa.autoscaling.knative.dev'
const SECOND_MS = 1_000
const MIN_TARGET = 0.01
const MIN_ACTIVATORS = 2

/** Reads the (already checked) annotations of a template. */
export function readScaleSettings(
  template: Pick<RevisionTemplate, 'annotations' | 'containerConcurrency'>,
  config: AutoscalerConfig = DEFAULT_CLUSTER_CONFIG.autoscaler,
): ScaleSettings {
  const given = autoscalingAnnotations(template.annotations)
  const optional = (name: string): number | undefined =>
    given[name] === undefined ? undefined : Number(given[name])
  const number = (name: string, fallback: number): number => optional(name) ?? fallback
  const duration = (name: string, fallback: number): number =>
    parseGoDuration(given[name] ?? '') ?? fallback
  const metric = given.metric === 'rps' ? 'rps' : 'concurrency'
  const total = toTotal(metric, optional('target'), template.containerConcurrency, config)
  const utilization = optional('target-utilization-percentage')
  const windowMs = duration('window', config.windowMs)
  const panicMs = (windowMs * number('panic-window-percentage', config.panicWindowPercentage)) / 100
  return {
    metric,
    total,
    target: Math.max(
      MIN_TARGET,
      utilization === undefined ? total * config.targetUtilization : (total * utilization) / 100,
    ),
    minScale: number('min-scale', config.minScale),
    maxScale: number('max-scale', config.maxScale),
    initialScale: optional('initial-scale') ?? config.initialScale,
    activationScale: number('activation-scale', 1),
    scaleDownDelayMs: duration('scale-down-delay', config.scaleDownDelayMs),
    windowMs,
    panicWindowMs: Math.max(SECOND_MS, Math.round(panicMs / SECOND_MS) * SECOND_MS),
    panicThreshold: number('panic-threshold-percentage', config.panicThresholdPercentage) / 100,
    targetBurstCapacity: number('target-burst-capacity', config.targetBurstCapacity),
    retentionMs: duration('scale-to-zero-pod-retention-period', config.retentionMs),
    weighted: isWeighted(given['metric-aggregation-algorithm']),
    // The HPA cannot scale to zero; its CPU metric does not exist here, concurrency stands in.
    scaleToZero: config.scaleToZero && (given.class ?? config.class) !== HPA,
    maxScaleUpRate: config.maxScaleUpRate,
    maxScaleDownRate: config.maxScaleDownRate,
    graceMs: config.graceMs,
    activatorCapacity: config.activatorCapacity,
  }
}

/** How many replicas must be ready once before a new revision counts as ready; 0 is none, so no proof at all. */
export function toInitialReplicas(
  { initialScale, minScale, maxScale }: ScaleSettings,
  fallback: number,
): number {
  const wanted = Math.max(initialScale ?? fallback, minScale)
  return maxScale === 0 ? wanted : Math.min(wanted, maxScale)
}

/** How many activators would stand in the path of so many ready replicas. */
export function countActivators(
  { total, targetBurstCapacity, activatorCapacity }: ScaleSettings,
  ready: number,
): number {
  if (targetBurstCapacity === 0) return MIN_ACTIVATORS
  const capacity = ready * total + Math.max(targetBurstCapacity, 0)
  return Math.max(MIN_ACTIVATORS, Math.ceil(capacity / activatorCapacity))
}

/** Knative takes the spelling with an underscore too. */
const isWeighted = (algorithm: string | undefined): boolean =>
  algorithm === 'weighted-exponential' || algorithm === 'weighted_exponential'

function toTotal(
  metric: string,
  wanted: number | undefined,
  concurrency: number,
  config: AutoscalerConfig,
): number {
  if (metric === 'rps') return wanted ?? config.rpsTarget
  if (concurrency === 0) return wanted ?? config.concurrencyTarget
  return Math.min(wanted ?? concurrency, concurrency)
}
