/** A job of a JobSink as a `batch/v1` Job, as `kubectl get jobs` shows it. */
import { createHash } from 'node:crypto'
import { type KubeObject, type OwnerReference, toTimestamp } from '../../control/object.ts'
import type { JobSinkResource } from '../../manifests/eventing-types.ts'
import { isObject } from '../../manifests/field.ts'
import type { JobName, JobRecord } from './job-store.ts'

/** The label by which a JobSink selects its jobs. */
export const SINK_LABEL = 'sinks.knative.dev/job-sink-name'
const ID_LABEL = 'sinks.knative.dev/job-sink-id'
/** `metav1.Validation`: a name that is a label, too. */
const LONGEST = 63
const MD5_CHARS = 32

/** `toJobName`, with its `kmeta.ChildName`. */
export function toJobName({ sink, source, id }: Omit<JobName, 'namespace'>): string {
  const digest = md5(source + id)
  const name = `${sink}-${digest}`
  if (name.length <= LONGEST) return name
  return `${sink}-`.slice(0, LONGEST - MD5_CHARS) + md5(name)
}

/** The labels that the job has on a cluster: those of the template, and whose it is. */
export function toJobLabels(
  { spec }: JobSinkResource,
  job: Omit<JobName, 'namespace'>,
): Readonly<Record<string, string>> {
  return {
    ...toTexts(inside(inside(spec, 'job'), 'metadata').labels),
    [ID_LABEL]: toJobName(job),
    [SINK_LABEL]: job.sink,
  }
}

/** The Job; `active` while a pod of it would be there. */
export function toJobObject(
  job: JobRecord,
  sink: JobSinkResource,
  { owner, active }: { owner: OwnerReference; active: boolean },
): KubeObject {
  const template = inside(sink.spec, 'job')
  const annotations = toTexts(inside(template, 'metadata').annotations)
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: toJobName(job),
      namespace: job.namespace,
      uid: toUid(job),
      generation: 1,
      creationTimestamp: toTimestamp(job.created),
      labels: toJobLabels(sink, job),
      ...(Object.keys(annotations).length > 0 && { annotations }),
      ownerReferences: [owner],
    },
    spec: {
      completions: 1,
      parallelism: 1,
      ...inside(template, 'spec'),
      backoffLimit: sink.backoffLimit,
    },
    status: { startTime: toTimestamp(job.created), ...STATUS[job.state](job, active) },
  }
}

type Status = Readonly<Record<string, unknown>>

const STATUS: Record<JobRecord['state'], (job: JobRecord, active: boolean) => Status> = {
  running: ({ tries }, active) => ({ ...(active && { active: 1 }), ...failed(tries) }),
  complete: job => ({
    ...failed(job.tries - 1),
    succeeded: 1,
    completionTime: toTimestamp(job.ended ?? job.created),
    conditions: condition(job, 'Complete', 'CompletionsReached'),
  }),
  failed: job => ({
    ...failed(job.tries),
    conditions: condition(job, 'Failed', job.reason ?? 'BackoffLimitExceeded'),
  }),
}

/** The wording is the Job controller's. */
const MESSAGES: Readonly<Record<string, string>> = {
  CompletionsReached: 'Reached expected number of succeeded pods',
  BackoffLimitExceeded: 'Job has reached the specified backoff limit',
  DeadlineExceeded: 'Job was active longer than specified deadline',
}

function condition({ ended, created }: JobRecord, type: string, reason: string) {
  const lastTransitionTime = toTimestamp(ended ?? created)
  return [{ type, status: 'True', reason, message: MESSAGES[reason] ?? reason, lastTransitionTime }]
}

const failed = (tries: number): Status => (tries > 0 ? { failed: tries } : {})

/** The same after a restart, and another one for a job that is made anew. */
function toUid({ key, created }: JobRecord): string {
  const hex = md5(`${key} ${created}`)
  return hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, '$1-$2-4$3-8$4-$5')
}

const md5 = (text: string): string => createHash('md5').update(text).digest('hex')

function inside(of: Status, name: string): Status {
  const value = of[name]
  return isObject(value) ? value : {}
}

function toTexts(given: unknown): Record<string, string> {
  const entries = Object.entries(isObject(given) ? given : {})
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]))
}
