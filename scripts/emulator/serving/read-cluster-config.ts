/** Reads what a cluster's operator sets, from the ConfigMaps of namespace `knative-serving`. */
import {
  above,
  atLeast,
  type ConfigValues,
  createConfigValues,
  orDisabled,
  type Rule,
  whole,
} from '../manifests/config-values.ts'
import {
  CONFIG_DEFAULTS,
  readRevisionLimits,
  SERVING_NAMESPACE,
} from '../manifests/revision-limits.ts'
import type { ConfigMapResource } from '../manifests/types.ts'
import {
  type AutoscalerConfig,
  type ClusterConfig,
  DEFAULT_CLUSTER_CONFIG,
  type GcConfig,
} from './cluster-config.ts'

const SECOND_MS = 1_000

/** Reads those that the manifests hold; what is wrong or means nothing here is reported, and the default holds. */
export function readClusterConfig(
  configMaps: readonly ConfigMapResource[],
  warn: (message: string) => void = () => {},
): ClusterConfig {
  const ours = configMaps.filter(({ namespace }) => namespace === SERVING_NAMESPACE)
  for (const { name } of ours) {
    if (!READ.includes(name)) warn(`ConfigMap ${name} means nothing here`)
  }
  function read<T>(name: string, convert: (values: ConfigValues) => T): T {
    const data = ours.find(each => each.name === name)?.data ?? {}
    const report = (problem: string): void => warn(`ConfigMap ${name}: ${problem}`)
    const values = createConfigValues(data, report)
    const result = convert(values)
    for (const key of values.unread()) report(`"${key}" means nothing here`)
    return result
  }
  return {
    autoscaler: read('config-autoscaler', readAutoscaler),
    gc: read('config-gc', readGc),
    defaults: read(CONFIG_DEFAULTS, readDefaults),
    rolloutDurationMs: read(
      'config-network',
      values => values.number('rollout-duration', 0, whole(0)) * SECOND_MS,
    ),
    progressDeadlineMs: read('config-deployment', values =>
      values.duration('progress-deadline', DEFAULT_CLUSTER_CONFIG.progressDeadlineMs, seconds(1)),
    ),
  }
}

const READ = [
  'config-autoscaler',
  'config-gc',
  CONFIG_DEFAULTS,
  'config-network',
  'config-deployment',
]

/** Whole seconds, as milliseconds. */
function seconds(min: number, max: number = Number.POSITIVE_INFINITY): Rule {
  const isBounded = Number.isFinite(max)
  return {
    isRight: ms => ms % SECOND_MS === 0 && ms >= min * SECOND_MS && ms <= max * SECOND_MS,
    says: `whole seconds ${isBounded ? `from ${min}s to ${max}s` : `of at least ${min}s`}`,
  }
}

const MIN_TARGET = 0.01
const POSITIVE: Rule = { isRight: ms => ms > 0, says: 'a duration above 0s' }
const BURST: Rule = {
  isRight: value => value >= 0 || value === -1,
  says: 'a number of at least 0, or -1',
}
const PERCENT: Rule = {
  isRight: value => value >= 1 && value <= 100,
  says: 'a number from 1 to 100',
}
const SHARE: Rule = {
  isRight: value => value > 0 && value <= 100,
  says: 'a number above 0 and at most 100',
}

/** Bounds of the checks of Knative's own (serving pkg/autoscaler/config/config.go). */
function readAutoscaler(values: ConfigValues): AutoscalerConfig {
  const base = DEFAULT_CLUSTER_CONFIG.autoscaler
  const allowZeroInitialScale = values.flag('allow-zero-initial-scale', base.allowZeroInitialScale)
  const maxScaleLimit = values.number('max-scale-limit', base.maxScaleLimit, whole(0))
  const maxScale = maxScaleLimit > 0 ? whole(1, maxScaleLimit) : whole(0)
  return {
    class: values.text('pod-autoscaler-class', base.class),
    concurrencyTarget: values.number(
      'container-concurrency-target-default',
      base.concurrencyTarget,
      atLeast(MIN_TARGET),
    ),
    rpsTarget: values.number(
      'requests-per-second-target-default',
      base.rpsTarget,
      atLeast(MIN_TARGET),
    ),
    targetUtilization: toFraction(
      values.number('container-concurrency-target-percentage', base.targetUtilization, SHARE),
    ),
    minScale: values.number('min-scale', base.minScale, whole(0)),
    // A cluster with a limit must say a default of its own.
    maxScale: values.number('max-scale', Math.max(base.maxScale, maxScaleLimit), maxScale),
    maxScaleLimit,
    initialScale: values.number(
      'initial-scale',
      base.initialScale,
      whole(allowZeroInitialScale ? 0 : 1),
    ),
    allowZeroInitialScale,
    scaleDownDelayMs: values.duration('scale-down-delay', base.scaleDownDelayMs, seconds(0, 3_600)),
    windowMs: values.duration('stable-window', base.windowMs, seconds(6, 3_600)),
    panicWindowPercentage: values.number(
      'panic-window-percentage',
      base.panicWindowPercentage,
      PERCENT,
    ),
    panicThresholdPercentage: values.number(
      'panic-threshold-percentage',
      base.panicThresholdPercentage,
      above(100),
    ),
    targetBurstCapacity: values.number('target-burst-capacity', base.targetBurstCapacity, BURST),
    retentionMs: values.duration(
      'scale-to-zero-pod-retention-period',
      base.retentionMs,
      seconds(0, 3_600),
    ),
    maxScaleUpRate: values.number('max-scale-up-rate', base.maxScaleUpRate, above(1)),
    maxScaleDownRate: values.number('max-scale-down-rate', base.maxScaleDownRate, above(1)),
    scaleToZero: values.flag('enable-scale-to-zero', base.scaleToZero),
    graceMs: values.duration('scale-to-zero-grace-period', base.graceMs, POSITIVE),
    activatorCapacity: values.number('activator-capacity', base.activatorCapacity, atLeast(1)),
  }
}

function readGc(values: ConfigValues): GcConfig {
  const base = DEFAULT_CLUSTER_CONFIG.gc
  const age = orDisabled({ isRight: value => value >= 0, says: 'a duration such as 48h' })
  const count = orDisabled(whole(0))
  return {
    retainSinceCreateMs: values.duration('retain-since-create-time', base.retainSinceCreateMs, age),
    retainSinceLastActiveMs: values.duration(
      'retain-since-last-active-time',
      base.retainSinceLastActiveMs,
      age,
    ),
    minNonActive: values.number('min-non-active-revisions', base.minNonActive, count),
    maxNonActive: values.number('max-non-active-revisions', base.maxNonActive, count),
  }
}

function readDefaults(values: ConfigValues): ClusterConfig['defaults'] {
  const base = DEFAULT_CLUSTER_CONFIG.defaults
  const limits = readRevisionLimits(values)
  const timeoutSeconds = values.number(
    'revision-timeout-seconds',
    Math.min(base.timeoutSeconds, limits.maxTimeoutSeconds),
    whole(1, limits.maxTimeoutSeconds),
  )
  const below = whole(0, timeoutSeconds)
  return {
    timeoutSeconds,
    responseStartTimeoutSeconds: values.number(
      'revision-response-start-timeout-seconds',
      base.responseStartTimeoutSeconds,
      below,
    ),
    idleTimeoutSeconds: values.number(
      'revision-idle-timeout-seconds',
      base.idleTimeoutSeconds,
      below,
    ),
    containerConcurrency: values.number(
      'container-concurrency',
      base.containerConcurrency,
      whole(0, limits.maxContainerConcurrency),
    ),
  }
}

/** The operator may write 70 as well as 0.7. */
const toFraction = (value: number): number => (value > 1 ? value / 100 : value)
