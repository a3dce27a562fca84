/** Keeps JobSinks: each event that one takes has a job, which runs once. */
import { join } from 'node:path'
import type { Cancel } from '../../clock.ts'
import { toOwnerReference } from '../../control/object.ts'
import type { JobSinkResource } from '../../manifests/eventing-types.ts'
import type { HostHandler } from '../../network.ts'
import type { ProcessGuard } from '../../serving/guard.ts'
import { type Controller, createController, type Surroundings } from '../controller.ts'
import type { EventPolicies } from '../policy/policies.ts'
import { createShelf, type Held } from '../shelf.ts'
import type { SinkBindings } from '../sources/sink-binding.ts'
import type { Workshop } from '../sources/workload.ts'
import { createJobDoor, JOB_SINK_HOST } from './job-door.ts'
import { SINK_LABEL, toJobLabels, toJobName, toJobObject } from './job-object.ts'
import { createJobRunner } from './job-runner.ts'
import { type JobName, type JobRecord, type JobStore, openJobStore } from './job-store.ts'
import { createJobBoard, type ShownJobs } from './shown-jobs.ts'

/** The controller with its HTTP side, and the jobs that it makes. */
export interface JobSinks extends Controller<JobSinkResource> {
  readonly handler: HostHandler
  readonly jobs: MadeJobs
}

/** Jobs of JobSinks, as `batch/v1` Jobs. */
export interface MadeJobs extends ShownJobs {
  /** Ends and forgets one; harmless when there is none. */
  remove(namespace: string, name: string): void
}

const GROUP = 'sinks.knative.dev'
/** Finished jobs of a sink that are remembered; a cluster remembers all until someone deletes them. */
const KEPT_JOBS = 1_000

/** Opens the jobs of earlier runs; those that have not finished start when their JobSink is applied. */
export function createJobSinks(
  around: Surroundings,
  {
    directory,
    guard,
    authorize,
    bind,
    ...workshop
  }: Workshop & {
    readonly directory: string
    readonly guard: ProcessGuard
    readonly authorize: EventPolicies['authorize']
    readonly bind: SinkBindings['bind']
  },
): JobSinks {
  const { clock, log } = around
  let store: JobStore | undefined
  /** Opened when there is a JobSink, which most projects have not. */
  const jobs = (): JobStore => {
    store ??= openJobStore(directory)
    return store
  }
  const board = createJobBoard()
  /** What is held has the timer with it that forgets its finished jobs. */
  const shelf = createShelf<JobSinkResource, Cancel>({
    clock,
    apiVersion: `${GROUP}/v1alpha1`,
    dependents: ['Addressable', 'EventPoliciesReady'],
  })
  const runner = createJobRunner({
    jobs,
    clock,
    log,
    guard,
    workshop,
    directory: join(directory, 'events'),
    find: (namespace, name) => shelf.get(namespace, name)?.resource,
    bind: (sink, job) => {
      const name = toJobName(job)
      const labels = toJobLabels(sink, job)
      const subject = {
        apiVersion: 'batch/v1',
        kind: 'Job',
        namespace: sink.namespace,
        name,
        labels,
      }
      return { ...sink.template, env: bind(subject, sink.template.env) }
    },
    onChange: follow,
  })
  const handler = createJobDoor({
    log,
    authorize,
    exists,
    accept,
    find: name => jobs().find(name),
  })

  function exists(namespace: string, name: string): boolean {
    const held = shelf.get(namespace, name)
    if (held) prune(held)
    return held !== undefined
  }

  function accept(name: JobName, event: Uint8Array): void {
    if (!jobs().insert(name, event, clock.now())) return
    const job = jobs().find(name)
    if (job) runner.start(job.key)
  }

  function mark(held: Held<JobSinkResource>): void {
    const { namespace, name } = held.resource
    const target = { group: GROUP, kind: 'JobSink', namespace, name }
    const policies = around.policies(target)
    held.conditions.set('Addressable', 'True')
    held.conditions.set('EventPoliciesReady', 'True', policies.why)
    held.status = {
      address: around.address(target, `http://${JOB_SINK_HOST}/${namespace}/${name}`),
      job: { selector: `${SINK_LABEL}=${name}` },
      ...policies.status,
    }
  }

  function resume(held: Held<JobSinkResource, Cancel>): void {
    expire(held)
    for (const { key, state } of listOf(held)) {
      if (state === 'running') runner.start(key)
      show(key)
    }
  }

  function discard(held: Held<JobSinkResource, Cancel>): void {
    const { namespace, name } = held.resource
    const keys = listOf(held).map(({ key }) => key)
    held.own?.()
    keys.forEach(runner.stop)
    jobs().remove(namespace, name)
    board.drop(keys)
  }

  const listOf = ({ resource }: Held<JobSinkResource>): JobRecord[] =>
    jobs().list(resource.namespace, resource.name)

  /** Returns the sink of one that has ended. */
  function show(key: string): Held<JobSinkResource, Cancel> | undefined {
    const job = jobs().get(key)
    const sink = job && shelf.get(job.namespace, job.sink)
    if (!sink) return undefined
    const owner = toOwnerReference(sink.object())
    board.put(key, toJobObject(job, sink.resource, { owner, active: runner.isActive(key) }))
    return job.state === 'running' ? undefined : sink
  }

  function follow(key: string): void {
    const sink = show(key)
    if (!sink) return
    prune(sink)
    plan(sink)
  }

  /** Forgets what is too old or too many. */
  function prune(held: Held<JobSinkResource, Cancel>): void {
    const { namespace, name, ttlSecondsAfterFinished: ttl } = held.resource
    const limit = ttl === undefined ? -1 : clock.now() - ttl * 1_000
    board.drop(jobs().prune(namespace, name, limit, KEPT_JOBS))
  }

  /** Comes again when the oldest one that has ended is too old. */
  function plan(held: Held<JobSinkResource, Cancel>): void {
    const { namespace, name, ttlSecondsAfterFinished: ttl } = held.resource
    if (ttl === undefined || held.own) return
    const oldest = jobs().oldestEnd(namespace, name)
    if (oldest === undefined) return
    held.own = clock.after(oldest + ttl * 1_000 - clock.now(), () => expire(held))
  }

  function expire(held: Held<JobSinkResource, Cancel>): void {
    held.own?.()
    held.own = undefined
    prune(held)
    plan(held)
  }

  return {
    ...createController(shelf, around, { applied: resume, mark, gone: discard }),
    handler,
    jobs: {
      objects: board.objects,
      onChange: board.onChange,
      remove(namespace, name) {
        const key = board.find(namespace, name)
        if (key === undefined) return
        runner.stop(key)
        jobs().forget(key)
        board.drop([key])
      },
    },
    async close() {
      for (const { own: cancel } of shelf.all()) cancel?.()
      await runner.close()
      store?.close()
    },
  }
}
