/** Labels and annotations of a Service and its template that Knative's webhook checks. */
import { parseGoDuration } from './duration.ts'
import type { Field } from './field.ts'

const SERVING = 'serving.knative.dev/'
const NETWORKING = 'networking.knative.dev/'
const VISIBILITY = `${NETWORKING}visibility`
/** Both spellings of each (networking pkg/apis/networking/register.go). */
const NETWORKING_ANNOTATIONS = [
  'ingress-class',
  'ingress.class',
  'certificate-class',
  'certificate.class',
  'disable-auto-tls',
  'disableAutoTLS',
  'disable-external-domain-tls',
  'disableExternalDomainTLS',
  'http-protocol',
  'httpProtocol',
  'httpOption',
  'wildcardDomain',
  'wildcard-domain',
]
const SIDECAR_SHARE = 'queue.sidecar.serving.knative.dev/resourcePercentage'
const SIDECAR_SHARES = [SIDECAR_SHARE, 'queue.sidecar.serving.knative.dev/resource-percentage']

/** Reports what the Service itself may not carry. */
export function checkServiceMetadata(metadata: Field): void {
  const labels = metadata.get('labels')
  for (const [key, label] of labels.members()) {
    if (key === VISIBILITY) {
      if (label.value !== 'cluster-local') label.report(`invalid value: ${label.value}`)
    } else if (key.startsWith(SERVING)) labels.report(`invalid key name ${JSON.stringify(key)}`)
  }
  const annotations = metadata.get('annotations')
  for (const [key] of annotations.members()) {
    const isKnown = NETWORKING_ANNOTATIONS.includes(key.slice(NETWORKING.length))
    if (key.startsWith(NETWORKING) && !isKnown) {
      annotations.report(`invalid key name ${JSON.stringify(key)}`)
    }
  }
  checkDuration(annotations, 'rollout-duration', 'rolloutDuration')
}

/** Reports what a template may not carry, beside autoscaling. */
export function checkTemplateMetadata(metadata: Field): void {
  const annotations = metadata.get('annotations')
  checkDuration(annotations, 'progress-deadline')
  for (const key of SIDECAR_SHARES) {
    const { value } = annotations.get(key)
    if (typeof value !== 'string') continue
    const share = value.trim() === '' ? Number.NaN : Number(value)
    if (Number.isNaN(share)) annotations.get(key).report(`invalid value: ${value}`)
    else if (share < 0.1 || share > 100) {
      annotations.get(key).report(`expected 0.1 <= ${share} <= 100`)
    }
  }
}

function checkDuration(annotations: Field, name: string, twin: string = name): void {
  for (const key of new Set([`${SERVING}${name}`, `${SERVING}${twin}`])) {
    const { value } = annotations.get(key)
    if (typeof value !== 'string' || value === '') continue
    const ms = parseGoDuration(value)
    const field = annotations.get(key)
    if (ms === undefined) field.report(`invalid value: ${value}`)
    else if (ms % 1_000 !== 0) field.report(`${name}=${value} is not at second precision`)
    else if (ms < 0) field.report(`${name}=${value} must be positive`)
  }
}
