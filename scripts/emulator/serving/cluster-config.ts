/** What a cluster's operator sets for all revisions: the ConfigMaps of namespace `knative-serving`. */
import { parseGoDuration } from '../manifests/duration.ts'
import type { ConfigMapResource } from '../manifests/types.ts'

/** `config-autoscaler`; times in milliseconds. */
export interface AutoscalerConfig {
  readonly class: string
  readonly concurrencyTarget: number
  readonly rpsTarget: number
  readonly targetUtilization: number
  readonly minScale: number
  readonly maxScale: number
  /** 0 is none. */
  readonly maxScaleLimit: number
  /** Undefined when the operator did not say: Knative's 1, and 0 for what runs from `npm start` on. */
  readonly initialScale: number | undefined
  readonly allowZeroInitialScale: boolean
  readonly scaleDownDelayMs: number
  readonly windowMs: number
  readonly panicWindowPercentage: number
  readonly panicThresholdPercentage: number
  readonly targetBurstCapacity: number
  readonly retentionMs: number
  readonly maxScaleUpRate: number
  readonly maxScaleDownRate: number
  readonly scaleToZero: boolean
  readonly graceMs: number
  readonly activatorCapacity: number
}

/** `config-gc`; `Infinity` stands for `disabled`. */
export interface GcConfig {
  readonly retainSinceCreateMs: number
  readonly retainSinceLastActiveMs: number
  readonly minNonActive: number
  readonly maxNonActive: number
}

/** All of it. */
export interface ClusterConfig {
  readonly autoscaler: AutoscalerConfig
  readonly gc: GcConfig
  /** `config-defaults`. */
  readonly defaults: {
    readonly timeoutSeconds: number
    readonly responseStartTimeoutSeconds: number | undefined
    readonly idleTimeoutSeconds: number | undefined
    readonly containerConcurrency: number
  }
  /** `config-network`. */
  readonly rolloutDurationMs: number
  /** `config-deployment`. */
  readonly progressDeadlineMs: number
}

/** Where Knative's own ConfigMaps are. */
const NAMESPACE = 'knative-serving'
const HOUR_MS = 3_600_000

/** Knative's defaults (serving config/core/configmaps). */
export const DEFAULT_CLUSTER_CONFIG: ClusterConfig = {
  autoscaler: {
    class: 'kpa.autoscaling.knative.dev',
    concurrencyTarget: 100,
    rpsTarget: 200,
    targetUtilization: 0.7,
    minScale: 0,
    maxScale: 0,
    maxScaleLimit: 0,
    initialScale: undefined,
    allowZeroInitialScale: false,
    scaleDownDelayMs: 0,
    windowMs: 60_000,
    panicWindowPercentage: 10,
    panicThresholdPercentage: 200,
    targetBurstCapacity: 211,
    retentionMs: 0,
    maxScaleUpRate: 1000,
    maxScaleDownRate: 2,
    scaleToZero: true,
    graceMs: 30_000,
    activatorCapacity: 100,
  },
  gc: {
    retainSinceCreateMs: 48 * HOUR_MS,
    retainSinceLastActiveMs: 15 * HOUR_MS,
    minNonActive: 20,
    maxNonActive: 1000,
  },
  defaults: {
    timeoutSeconds: 300,
    responseStartTimeoutSeconds: undefined,
    idleTimeoutSeconds: undefined,
    containerConcurrency: 0,
  },
  rolloutDurationMs: 0,
  progressDeadlineMs: 600_000,
}

/** Reads those that the manifests hold; a value that cannot be read is reported and its default holds. */
export function readClusterConfig(
  configMaps: readonly ConfigMapResource[],
  warn: (message: string) => void = () => {},
): ClusterConfig {
  const base = DEFAULT_CLUSTER_CONFIG
  const open = (name: string): Values => {
    const found = configMaps.find(each => each.namespace === NAMESPACE && each.name === name)
    return readValues(found?.data ?? {}, (key, value) =>
      warn(`ConfigMap ${name}: invalid value: ${value}: ${key}; the default holds`),
    )
  }
  const scale = open('config-autoscaler')
  const gc = open('config-gc')
  const defaults = open('config-defaults')
  const { autoscaler } = base
  return {
    autoscaler: {
      class: scale.text('pod-autoscaler-class', autoscaler.class),
      concurrencyTarget: scale.number(
        'container-concurrency-target-default',
        autoscaler.concurrencyTarget,
      ),
      rpsTarget: scale.number('requests-per-second-target-default', autoscaler.rpsTarget),
      targetUtilization: toFraction(
        scale.number('container-concurrency-target-percentage', autoscaler.targetUtilization),
      ),
      minScale: scale.number('min-scale', autoscaler.minScale),
      maxScale: scale.number('max-scale', autoscaler.maxScale),
      maxScaleLimit: scale.number('max-scale-limit', autoscaler.maxScaleLimit),
      initialScale: scale.optional('initial-scale'),
      allowZeroInitialScale: scale.flag('allow-zero-initial-scale', false),
      scaleDownDelayMs: scale.duration('scale-down-delay', autoscaler.scaleDownDelayMs),
      windowMs: scale.duration('stable-window', autoscaler.windowMs),
      panicWindowPercentage: scale.number(
        'panic-window-percentage',
        autoscaler.panicWindowPercentage,
      ),
      panicThresholdPercentage: scale.number(
        'panic-threshold-percentage',
        autoscaler.panicThresholdPercentage,
      ),
      targetBurstCapacity: scale.number('target-burst-capacity', autoscaler.targetBurstCapacity),
      retentionMs: scale.duration('scale-to-zero-pod-retention-period', autoscaler.retentionMs),
      maxScaleUpRate: scale.number('max-scale-up-rate', autoscaler.maxScaleUpRate),
      maxScaleDownRate: scale.number('max-scale-down-rate', autoscaler.maxScaleDownRate),
      scaleToZero: scale.flag('enable-scale-to-zero', autoscaler.scaleToZero),
      graceMs: scale.duration('scale-to-zero-grace-period', autoscaler.graceMs),
      activatorCapacity: scale.number('activator-capacity', autoscaler.activatorCapacity),
    },
    gc: {
      retainSinceCreateMs: gc.duration('retain-since-create-time', base.gc.retainSinceCreateMs),
      retainSinceLastActiveMs: gc.duration(
        'retain-since-last-active-time',
        base.gc.retainSinceLastActiveMs,
      ),
      minNonActive: gc.number('min-non-active-revisions', base.gc.minNonActive),
      maxNonActive: gc.number('max-non-active-revisions', base.gc.maxNonActive),
    },
    defaults: {
      timeoutSeconds: defaults.number('revision-timeout-seconds', base.defaults.timeoutSeconds),
      responseStartTimeoutSeconds: defaults.optional('revision-response-start-timeout-seconds'),
      idleTimeoutSeconds: defaults.optional('revision-idle-timeout-seconds'),
      containerConcurrency: defaults.number(
        'container-concurrency',
        base.defaults.containerConcurrency,
      ),
    },
    rolloutDurationMs:
      open('config-network').number('rollout-duration', base.rolloutDurationMs / 1_000) * 1_000,
    progressDeadlineMs: open('config-deployment').duration(
      'progress-deadline',
      base.progressDeadlineMs,
    ),
  }
}

/** The operator may write 70 as well as 0.7. */
const toFraction = (value: number): number => (value > 1 ? value / 100 : value)

interface Values {
  text(key: string, fallback: string): string
  flag(key: string, fallback: boolean): boolean
  number(key: string, fallback: number): number
  optional(key: string): number | undefined
  duration(key: string, fallback: number): number
}

/** `disabled` is Infinity, which config-gc alone knows. */
function readValues(
  data: Readonly<Record<string, string>>,
  report: (key: string, value: string) => void,
): Values {
  function read<T>(key: string, fallback: T, convert: (text: string) => T | undefined): T {
    const text = data[key]
    if (text === undefined) return fallback
    const value = convert(text.trim())
    if (value === undefined) report(key, text)
    return value ?? fallback
  }
  const toNumber = (text: string): number | undefined => {
    if (text === 'disabled') return Number.POSITIVE_INFINITY
    const value = text === '' ? Number.NaN : Number(text)
    return Number.isFinite(value) ? value : undefined
  }
  const toFlag = (text: string): boolean | undefined =>
    /^(true|false)$/i.test(text) ? text.toLowerCase() === 'true' : undefined
  return {
    text: (key, fallback) => read(key, fallback, text => text || undefined),
    flag: (key, fallback) => read(key, fallback, toFlag),
    number: (key, fallback) => read(key, fallback, toNumber),
    optional: key => read<number | undefined>(key, undefined, toNumber),
    duration: (key, fallback) =>
      read(key, fallback, text =>
        text === 'disabled' ? Number.POSITIVE_INFINITY : parseGoDuration(text),
      ),
  }
}
