/** What a cluster's operator sets for all revisions: the ConfigMaps of namespace `knative-serving`. */

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
