/** What a Service asks for that holds on a cluster but not here: said when it is applied. */
import { autoscalingAnnotations } from '../manifests/autoscaling-annotations.ts'
import type { ServiceResource } from '../manifests/types.ts'
import { isMountable } from './mounts.ts'

const KPA = 'kpa.autoscaling.knative.dev'
const HPA = 'hpa.autoscaling.knative.dev'
const SIDECAR = 'queue.sidecar.serving.knative.dev/'

/** One line for each. */
export function toWarnings({ template }: ServiceResource): string[] {
  const scale = autoscalingAnnotations(template.annotations)
  const warnings: string[] = []
  if (scale.class === HPA) {
    warnings.push(
      `class ${HPA}: cpu and memory are not measured here, concurrency stands in; one replica stays`,
    )
  } else if (scale.class !== undefined && scale.class !== KPA) {
    warnings.push(`class ${scale.class}: no such autoscaler here, the KPA stands in`)
  }
  if (Object.keys(template.annotations).some(key => key.startsWith(SIDECAR))) {
    warnings.push(`${SIDECAR}*: there is no sidecar here, its resources mean nothing`)
  }
  const { runAsUser } = template
  const user = process.getuid?.()
  if (runAsUser !== undefined && user !== 0 && user !== runAsUser) {
    warnings.push(`securityContext.runAsUser ${runAsUser}: its processes run as user ${user}`)
  }
  for (const mount of template.mounts ?? []) {
    if (!isMountable(mount)) {
      const { mountPath } = mount
      warnings.push(`volumeMounts: ${mountPath} is not mounted, only whole volumes below /tmp are`)
    }
  }
  return warnings
}
