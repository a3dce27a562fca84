/** The `autoscaling.knative.dev/*` annotations: their spelling, ranges and meaning. */
import { parseGoDuration } from './duration.ts'
import type { Field } from './field.ts'

const PREFIX = 'autoscaling.knative.dev/'

/** Legacy camelCase spellings; the kebab-case one wins when both are there. */
const ALIASES: Record<string, string> = {
  minScale: 'min-scale',
  maxScale: 'max-scale',
  initialScale: 'initial-scale',
  targetUtilizationPercentage: 'target-utilization-percentage',
  targetBurstCapacity: 'target-burst-capacity',
  panicWindowPercentage: 'panic-window-percentage',
  panicThresholdPercentage: 'panic-threshold-percentage',
  scaleDownDelay: 'scale-down-delay',
  scaleToZeroPodRetentionPeriod: 'scale-to-zero-pod-retention-period',
}

interface Range {
  kind: 'integer' | 'number' | 'duration'
  min: number
  max: number
}

const SECOND_MS = 1_000
const HOUR_MS = 3_600_000

/** Allowed ranges (serving pkg/apis/autoscaling/annotation_validation.go); durations in milliseconds. */
const RANGES: Record<string, Range> = {
  'min-scale': { kind: 'integer', min: 0, max: 2 ** 31 - 1 },
  'max-scale': { kind: 'integer', min: 0, max: 2 ** 31 - 1 },
  'initial-scale': { kind: 'integer', min: 1, max: 2 ** 31 - 1 },
  'activation-scale': { kind: 'integer', min: 2, max: 2 ** 31 - 1 },
  target: { kind: 'number', min: 0.01, max: Number.MAX_VALUE },
  'target-utilization-percentage': { kind: 'number', min: 1, max: 100 },
  'panic-window-percentage': { kind: 'number', min: 1, max: 100 },
  'panic-threshold-percentage': { kind: 'number', min: 110, max: 1000 },
  'target-burst-capacity': { kind: 'number', min: -1, max: Number.MAX_VALUE },
  'scale-down-delay': { kind: 'duration', min: 0, max: HOUR_MS },
  window: { kind: 'duration', min: 6 * SECOND_MS, max: HOUR_MS },
  'scale-to-zero-pod-retention-period': { kind: 'duration', min: 0, max: HOUR_MS },
}

const CHOICES: Record<string, readonly string[]> = {
  class: ['kpa.autoscaling.knative.dev', 'hpa.autoscaling.knative.dev'],
  metric: ['concurrency', 'rps', 'cpu', 'memory'],
  'metric-aggregation-algorithm': ['linear', 'weighted-exponential'],
}

/** The autoscaling annotations by their short kebab-case names. */
export function autoscalingAnnotations(
  annotations: Readonly<Record<string, string>>,
): Record<string, string> {
  const result: Record<string, string> = {}
  for (const [key, value] of Object.entries(annotations)) {
    if (!key.startsWith(PREFIX)) continue
    const short = key.slice(PREFIX.length)
    const alias = ALIASES[short]
    if (alias === undefined) result[short] = value
    else result[alias] ??= value
  }
  return result
}

/** Reports annotations of a template that Knative's webhook would refuse. */
export function checkAutoscaling(
  field: Field,
  annotations: Readonly<Record<string, string>>,
): void {
  for (const [key, value] of Object.entries(annotations)) {
    if (key.startsWith(PREFIX)) checkOne(field.get(key), canonical(key.slice(PREFIX.length)), value)
  }
  const scale = autoscalingAnnotations(annotations)
  const min = Number(scale['min-scale'] ?? 0)
  const max = Number(scale['max-scale'] ?? 0)
  const activation = scale['activation-scale']
  if (max > 0 && min > max) field.report(`max-scale=${max} is less than min-scale=${min}`)
  if (activation !== undefined && Number(activation) < min) {
    field.report(`activation-scale=${activation} must be greater than or equal to min-scale=${min}`)
  }
  if (activation !== undefined && max > 0 && Number(activation) > max) {
    field.report(`activation-scale=${activation} must be less than or equal to max-scale=${max}`)
  }
}

/** Reports autoscaling annotations where they have no effect: on the Service itself. */
export function refuseAutoscaling(field: Field): void {
  for (const [key, member] of field.members()) {
    if (key.startsWith(PREFIX)) {
      member.report(
        'autoscaling annotations must be put under "spec.template.metadata.annotations" to work',
      )
    }
  }
}

const canonical = (short: string): string => ALIASES[short] ?? short

function checkOne(field: Field, name: string, value: string): void {
  const choices = CHOICES[name]
  if (choices && !choices.includes(value)) field.report(`invalid value: ${value}`)
  const range = RANGES[name]
  if (!range) return
  const amount = toAmount(range, value)
  if (amount === undefined) field.report(`invalid value: ${value}`)
  else if (name === 'target-burst-capacity' && amount < 0 && amount !== -1) {
    field.report(`invalid value: ${value}`)
  } else if (amount < range.min || amount > range.max) {
    field.report(`expected ${bound(range, range.min)} <= ${value} <= ${bound(range, range.max)}`)
  }
}

function toAmount(range: Range, value: string): number | undefined {
  if (range.kind === 'duration') {
    const ms = parseGoDuration(value)
    return ms === undefined || ms % SECOND_MS !== 0 ? undefined : ms
  }
  const number = value.trim() === '' ? Number.NaN : Number(value)
  const right = range.kind === 'integer' ? Number.isInteger(number) : Number.isFinite(number)
  return right ? number : undefined
}

const bound = (range: Range, limit: number): string =>
  range.kind === 'duration' ? `${limit / SECOND_MS}s` : `${limit}`
