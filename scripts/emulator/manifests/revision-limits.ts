/** How much a revision may ask for, which the operator says in `config-defaults` (serving pkg/apis/config/defaults.go). */
import { type ConfigValues, createConfigValues, whole } from './config-values.ts'
import { isObject } from './field.ts'

/** Bounds of `timeoutSeconds` and `containerConcurrency`. */
export interface RevisionLimits {
  readonly maxTimeoutSeconds: number
  readonly minContainerConcurrency: number
  readonly maxContainerConcurrency: number
}

/** Where Knative Serving's own ConfigMaps are. */
export const SERVING_NAMESPACE = 'knative-serving'
/** The ConfigMap that has them. */
export const CONFIG_DEFAULTS = 'config-defaults'

/** Knative's own. */
export const DEFAULT_REVISION_LIMITS: RevisionLimits = {
  maxTimeoutSeconds: 600,
  minContainerConcurrency: 0,
  maxContainerConcurrency: 1000,
}

/** Reads them from the values of `config-defaults`. */
export function readRevisionLimits(values: ConfigValues): RevisionLimits {
  const base = DEFAULT_REVISION_LIMITS
  const mayBeZero = values.flag('allow-container-concurrency-zero', true)
  return {
    maxTimeoutSeconds: values.number(
      'max-revision-timeout-seconds',
      base.maxTimeoutSeconds,
      whole(1),
    ),
    minContainerConcurrency: mayBeZero ? 0 : 1,
    maxContainerConcurrency: values.number(
      'container-concurrency-max-limit',
      base.maxContainerConcurrency,
      whole(1),
    ),
  }
}

/** The same from its data; Knative's own where there is none. */
export function toRevisionLimits(data: Readonly<Record<string, string>> = {}): RevisionLimits {
  return readRevisionLimits(createConfigValues(data, () => {}))
}

/** The same from whichever of the documents is that ConfigMap. */
export function findRevisionLimits(documents: readonly unknown[]): RevisionLimits {
  const found = documents.find(isConfigDefaults)
  const data = isObject(found) && isObject(found.data) ? Object.entries(found.data) : []
  return toRevisionLimits(Object.fromEntries(data.map(([key, value]) => [key, String(value)])))
}

function isConfigDefaults(document: unknown): boolean {
  if (!isObject(document) || document.kind !== 'ConfigMap') return false
  const { metadata } = document
  return (
    isObject(metadata) &&
    metadata.name === CONFIG_DEFAULTS &&
    metadata.namespace === SERVING_NAMESPACE
  )
}
