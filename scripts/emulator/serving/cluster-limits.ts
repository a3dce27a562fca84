/** Annotations whose limits the operator sets: what the webhook refuses with the cluster's configuration in hand. */
import { autoscalingAnnotations } from '../manifests/autoscaling-annotations.ts'
import { ManifestError, type ManifestProblem } from '../manifests/manifest-error.ts'
import type { ServiceResource } from '../manifests/types.ts'
import type { AutoscalerConfig } from './cluster-config.ts'

const PREFIX = 'autoscaling.knative.dev/'
const FIELD = 'spec.template.metadata.annotations'

/** @throws ManifestError */
export function refuseBeyondLimits(
  { template, file, line }: ServiceResource,
  { allowZeroInitialScale, maxScaleLimit }: AutoscalerConfig,
): void {
  const given = autoscalingAnnotations(template.annotations)
  const problems: ManifestProblem[] = []
  const report = (key: string, message: string): void => {
    problems.push({ file, line, column: 1, field: `${FIELD}.${PREFIX}${key}`, message })
  }
  if (given['initial-scale'] !== undefined && Number(given['initial-scale']) === 0) {
    if (!allowZeroInitialScale) report('initial-scale=0 not allowed by cluster', 'invalid value: 0')
  }
  const max = given['max-scale'] === undefined ? undefined : Number(given['max-scale'])
  if (maxScaleLimit > 0 && max !== undefined) {
    if (max > maxScaleLimit) report('max-scale', `expected 1 <= ${max} <= ${maxScaleLimit}`)
    if (max === 0) {
      report('max-scale', `max-scale=0 (unlimited), must be less than ${maxScaleLimit}`)
    }
  }
  if (problems.length > 0) throw new ManifestError(problems)
}
