/** A JobSink: a process that runs once for each event. */
import type { JobSinkResource } from './eventing-types.ts'
import { type Field, isObject } from './field.ts'
import { readMetadata } from './metadata.ts'
import { readPodTemplate } from './pod-template.ts'
import { readInteger, refuseUnknown } from './read.ts'
import { type Spec, specOf } from './spec-defaults.ts'

/** `batch/v1`. */
const DEFAULT_BACKOFF_LIMIT = 6
const JOB_FIELDS = [
  'template',
  'backoffLimit',
  'activeDeadlineSeconds',
  'ttlSecondsAfterFinished',
  'parallelism',
  'completions',
]
/** Fields of a Job that change what runs, and that the emulator has no counterpart for. */
const ABSENT = [
  'backoffLimitPerIndex',
  'completionMode',
  'managedBy',
  'manualSelector',
  'maxFailedIndexes',
  'podFailurePolicy',
  'podReplacementPolicy',
  'selector',
  'successPolicy',
  'suspend',
]
const MODE = 'K_EXECUTION_MODE'

/** Reads and checks one `sinks.knative.dev/v1alpha1` JobSink. */
export function readJobSink(root: Field, file: string): JobSinkResource {
  refuseUnknown(root, ['apiVersion', 'kind', 'metadata', 'spec', 'status'])
  const metadata = readMetadata(root, file)
  const spec = root.get('spec')
  refuseUnknown(spec, ['job'])
  const job = spec.get('job')
  if (!isObject(job.value)) job.report('expected exactly one, got neither')
  refuseUnknown(job, ['apiVersion', 'kind', 'metadata', 'spec', 'status'])
  const of = job.get('spec')
  refuseUnknown(of, [...JOB_FIELDS, ...ABSENT])
  for (const name of ABSENT) {
    const field = of.get(name)
    if (field.value) field.report('the emulator runs one plain pod per job')
  }
  for (const name of ['parallelism', 'completions']) {
    const field = of.get(name)
    if (readInteger(field, { min: 0, fallback: 1 }) !== 1) {
      field.report(`the emulator runs one pod per job, got ${field.value}`)
    }
  }
  const template = readPodTemplate(of.get('template'))
  const optional = (name: string): number | undefined =>
    readInteger(of.get(name), { min: 0, fallback: undefined })
  const activeDeadlineSeconds = optional('activeDeadlineSeconds')
  const ttlSecondsAfterFinished = optional('ttlSecondsAfterFinished')
  return {
    kind: 'JobSink',
    ...metadata,
    template: {
      ...template,
      env: template.env.some(({ name }) => name === MODE)
        ? template.env
        : [...template.env, { name: MODE, value: 'batch' }],
    },
    backoffLimit: optional('backoffLimit') ?? DEFAULT_BACKOFF_LIMIT,
    ...(activeDeadlineSeconds !== undefined && { activeDeadlineSeconds }),
    ...(ttlSecondsAfterFinished !== undefined && { ttlSecondsAfterFinished }),
    spec: withMode(specOf(metadata.document)),
  }
}

/** `setBatchJobDefaults`: the mode stands in each container that does not set it. */
function withMode(spec: Spec): Spec {
  const job = inside(spec, 'job')
  const of = inside(job, 'spec')
  const template = inside(of, 'template')
  const pod = inside(template, 'spec')
  const containers = Array.isArray(pod.containers) ? pod.containers.map(complete) : []
  return {
    ...spec,
    job: { ...job, spec: { ...of, template: { ...template, spec: { ...pod, containers } } } },
  }
}

function complete(container: unknown): unknown {
  if (!isObject(container)) return container
  const env: readonly unknown[] = Array.isArray(container.env) ? container.env : []
  if (env.some(each => isObject(each) && each.name === MODE)) return container
  return { ...container, env: [...env, { name: MODE, value: 'batch' }] }
}

function inside(of: Spec, name: string): Spec {
  const value = of[name]
  return isObject(value) ? value : {}
}
