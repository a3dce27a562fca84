/** The `autoscaling.knative.dev/*` annotations: their spelling, ranges and meaning. */
import { parseGoDuration, toGoDuration } from './duration.ts'
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
  metricAggregationAlgorithm: 'metric-aggregation-algorithm',
}

const SECOND_MS = 1_000
const HOUR_MS = 3_600_000
const MAX_INT = 2 ** 31 - 1
const KPA = 'kpa.autoscaling.knative.dev'
const HPA = 'hpa.autoscaling.knative.dev'
const WHOLE_SECONDS = 'must be specified with at most second precision'

/** What the webhook says to each (serving pkg/apis/autoscaling/annotation_validation.go); nothing when it is right. */
const CHECKS: Readonly<Record<string, (value: string) => string | undefined>> = {
  class: value => {
    const isOurs = value.endsWith('.autoscaling.knative.dev')
    return isOurs && value !== KPA && value !== HPA ? invalid(value) : undefined
  },
  'min-scale': scale,
  'max-scale': scale,
  'initial-scale': value => (isInteger(value) && Number(value) >= 0 ? undefined : invalid(value)),
  'activation-scale': value => {
    if (!isInteger(value)) return invalid(value)
    return Number(value) < 2 ? `min-activate-scale=${value} must be greater than 1` : undefined
  },
  target: value => {
    if (!isNumber(value)) return invalid(value)
    return Number(value) < 0.01 ? `target ${value} should be at least 0.01` : undefined
  },
  'target-utilization-percentage': percentage(1, 100),
  'panic-window-percentage': percentage(1, 100),
  'panic-threshold-percentage': percentage(110, 1000),
  'target-burst-capacity': value => {
    const amount = isNumber(value) ? Number(value) : Number.NaN
    return amount >= 0 || amount === -1 ? undefined : invalid(value)
  },
  window: duration(6 * SECOND_MS, WHOLE_SECONDS),
  'scale-down-delay': duration(0, WHOLE_SECONDS),
  'scale-to-zero-pod-retention-period': duration(0),
}

/** The autoscaling annotations by their short kebab-case names. */
export function autoscalingAnnotations(
  annotations: Readonly<Record<string, string>>,
): Record<string, string> {
  const result: Record<string, string> = {}
  for (const [key, value] of Object.entries(annotations)) {
    if (!key.startsWith(PREFIX)) continue
    const short = key.slice(PREFIX.length)
    if (ALIASES[short] === undefined) result[short] = value
    else result[ALIASES[short]] = annotations[`${PREFIX}${ALIASES[short]}`] ?? value
  }
  return result
}

/** Reports annotations of a template that Knative's webhook would refuse. */
export function checkAutoscaling(
  field: Field,
  annotations: Readonly<Record<string, string>>,
): void {
  const given = autoscalingAnnotations(annotations)
  for (const [key, value] of Object.entries(annotations)) {
    if (!key.startsWith(PREFIX)) continue
    const short = key.slice(PREFIX.length)
    const problem = CHECKS[ALIASES[short] ?? short]?.(value)
    if (problem !== undefined) field.get(key).report(problem)
  }
  checkScales(field, given)
  checkMetric(field, given)
}

/** Reports autoscaling annotations where they have no effect: on the Service itself. */
export function refuseAutoscaling(field: Field): void {
  for (const [key] of field.members()) {
    if (key.startsWith(PREFIX)) {
      field.report(`invalid key name ${JSON.stringify(key)}`, {
        details:
          'autoscaling annotations must be put under "spec.template.metadata.annotations" to work',
      })
    }
  }
}

function checkScales(field: Field, given: Readonly<Record<string, string>>): void {
  const whole = (name: string): number =>
    isInteger(given[name] ?? '') ? Math.max(0, Number(given[name])) : 0
  const [min, max] = [whole('min-scale'), whole('max-scale')]
  if (max > 0 && min > max) {
    const at = [`${PREFIX}max-scale`, `${PREFIX}min-scale`]
    field.report(`max-scale=${max} is less than min-scale=${min}`, { at })
  }
  const activation = given['activation-scale']
  if (activation === undefined || !isInteger(activation)) return
  const at = [`${PREFIX}activation-scale`]
  if (min > Number(activation)) {
    field.report(`min-scale=${min} is greater than min-activate-scale=${activation}`, { at })
  } else if (max > 0 && max < Number(activation)) {
    field.report(`max-scale=${max} is less than min-activate-scale=${activation}`, { at })
  }
}

/** Which metrics there are depends on the class. */
function checkMetric(field: Field, given: Readonly<Record<string, string>>): void {
  const { class: autoscaler = KPA, metric, 'metric-aggregation-algorithm': algorithm } = given
  if (metric !== undefined) {
    const isKnown = metric === 'concurrency' || metric === 'rps'
    const isRight = autoscaler === KPA ? isKnown : autoscaler !== HPA || metric !== ''
    if (!isRight) field.get(`${PREFIX}metric`).report(invalid(metric))
  }
  if (algorithm && autoscaler === KPA && !ALGORITHMS.includes(algorithm)) {
    field.get(`${PREFIX}metric-aggregation-algorithm`).report(invalid(algorithm))
  }
}

const ALGORITHMS = ['linear', 'weighted-exponential', 'weighted_exponential']

const invalid = (value: string): string => `invalid value: ${value}`

const isNumber = (value: string): boolean => value.trim() !== '' && Number.isFinite(Number(value))

const isInteger = (value: string): boolean => /^[+-]?\d+$/.test(value)

function scale(value: string): string | undefined {
  if (!isInteger(value)) return invalid(value)
  const amount = Number(value)
  return amount < 0 || amount > MAX_INT ? `expected 0 <= ${value} <= ${MAX_INT}` : undefined
}

function percentage(min: number, max: number): (value: string) => string | undefined {
  return value => {
    if (!isNumber(value)) return invalid(value)
    const amount = Number(value)
    return amount < min || amount > max ? `expected ${min} <= ${value} <= ${max}` : undefined
  }
}

function duration(min: number, precision?: string): (value: string) => string | undefined {
  return value => {
    const ms = parseGoDuration(value)
    if (ms === undefined) return invalid(value)
    if (ms < min || ms > HOUR_MS) {
      return `expected ${toGoDuration(min)} <= ${value} <= ${toGoDuration(HOUR_MS)}`
    }
    return ms % SECOND_MS === 0 ? undefined : precision
  }
}
