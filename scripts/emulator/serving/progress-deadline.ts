/** How long a replica may take to become ready. */
import { parseGoDuration } from '../manifests/duration.ts'
import { DEFAULT_CLUSTER_CONFIG } from './cluster-config.ts'

const ANNOTATION = 'serving.knative.dev/progress-deadline'

/** The annotation of the template over config-deployment. */
export function progressDeadlineMs(
  annotations: Readonly<Record<string, string>>,
  fallback: number = DEFAULT_CLUSTER_CONFIG.progressDeadlineMs,
): number {
  const given = annotations[ANNOTATION]
  return (given === undefined ? undefined : parseGoDuration(given)) ?? fallback
}
