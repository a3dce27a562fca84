/** How long a replica may take to become ready. */
import { parseGoDuration } from '../manifests/duration.ts'

const ANNOTATION = 'serving.knative.dev/progress-deadline'
const DEFAULT_MS = 600_000

/** The annotation of the template over config-deployment's default. */
export function progressDeadlineMs(annotations: Readonly<Record<string, string>>): number {
  const given = annotations[ANNOTATION]
  return (given === undefined ? undefined : parseGoDuration(given)) ?? DEFAULT_MS
}
