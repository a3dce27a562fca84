/** Keeps JobSinks: takes events over HTTP, and runs a job once for each. */
import { join } from 'node:path'
import type { JobSinkResource } from '../../manifests/eventing-types.ts'
import type { HostHandler } from '../../network.ts'
import type { ProcessGuard } from '../../serving/guard.ts'
import { fromHttp } from '../codec.ts'
import { type Controller, createShelf, type Held, type Surroundings } from '../controller.ts'
import { EventError, text } from '../event.ts'
import { type Answer, createExchange, type Exchange } from '../exchange.ts'
import type { EventPolicies } from '../policy/policies.ts'
import type { Workshop } from '../sources/workload.ts'
import { toStructured } from '../structured.ts'
import { createJobRunner } from './job-runner.ts'
import { type JobName, type JobRecord, type JobStore, openJobStore } from './job-store.ts'

/** The controller with its HTTP side. */
export interface JobSinks extends Controller<JobSinkResource> {
  readonly handler: HostHandler
  /** The jobs of one sink, oldest first. */
  jobs(namespace: string, name: string): JobRecord[]
}

/** The address of the JobSink ingress inside a cluster. */
export const JOB_SINK_HOST = 'job-sink.knative-eventing.svc.cluster.local'

const GROUP = 'sinks.knative.dev'
const CLUSTER_NAME = 'job-sink.knative-eventing'
const NAME_LABEL = 'sinks.knative.dev/job-sink-name'
/** Finished jobs of a sink that are remembered; a cluster remembers all until someone deletes them. */
const KEPT_JOBS = 1_000

/** Opens the jobs of earlier runs; those that have not finished start when their JobSink is applied. */
export function createJobSinks(
  around: Surroundings,
  {
    directory,
    guard,
    authorize,
    ...workshop
  }: Workshop & {
    readonly directory: string
    readonly guard: ProcessGuard
    readonly authorize: EventPolicies['authorize']
  },
): JobSinks {
  const { clock, log, changed } = around
  let store: JobStore | undefined
  /** Opened when there is a JobSink, which most projects have not. */
  const jobs = (): JobStore => {
    store ??= openJobStore(directory)
    return store
  }
  const shelf = createShelf<JobSinkResource>({
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
    onChange: () => changed(),
  })
  const handler = createExchange({
    scope: 'job-sink',
    log,
    owns: host => host === CLUSTER_NAME,
    answer,
  })

  /** `cmd/jobsink/main.go`: every refusal is a 400, and so is a sink that does not exist. */
  async function answer(exchange: Exchange): Promise<Answer> {
    if (exchange.method === 'GET') return tell(exchange.target)
    const parts = exchange.target.replace(/\/$/, '').split('/')
    const [, namespace = '', sink = ''] = parts
    if (exchange.method !== 'POST')
      return refuse(`method must be POST or GET, got ${exchange.method}`)
    if (parts.length !== 3)
      return refuse(`path must be /<namespace>/<name>, got ${exchange.target}`)
    try {
      return await take(exchange, namespace, sink)
    } catch (error) {
      if (error instanceof EventError) return refuse(error.message)
      log.error(sink, `job not stored: ${String(error)}`)
      return { status: 500, headers: { reason: 'the job could not be stored' } }
    }
  }

  async function take(
    { headers, body }: Exchange,
    namespace: string,
    sink: string,
  ): Promise<Answer> {
    const event = fromHttp(headers, body)
    const found = shelf.get(namespace, sink)
    if (!found) return refuse(`JobSink ${namespace}/${sink} does not exist`)
    const target = { group: GROUP, kind: 'JobSink', namespace, name: sink }
    const refusal = await authorize({ guarded: [target], headers, event })
    if (refusal) return { status: refusal.status, body: refusal.message }
    prune(found.resource)
    const name = { namespace, sink, source: text(event, 'source'), id: text(event, 'id') }
    if (jobs().insert(name, toStructured(event), clock.now())) {
      const job = jobs().find(name)
      if (job) runner.start(job.key)
      changed()
    }
    return { status: 202, headers: { location: toLocation(name) } }
  }

  function tell(target: string): Answer {
    const name = fromLocation(target)
    if (!name) return refuse(`path must be that of a Location, got ${target}`)
    const sink = shelf.get(name.namespace, name.sink)?.resource
    if (sink) prune(sink)
    const job = jobs().find(name)
    if (!job) return { status: 404 }
    return ANSWERS[job.state](name)
  }

  function mark(held: Held<JobSinkResource>): void {
    const { namespace, name } = held.resource
    const target = { group: GROUP, kind: 'JobSink', namespace, name }
    const policies = around.policies(target)
    held.conditions.set('Addressable', 'True')
    held.conditions.set('EventPoliciesReady', 'True', policies.why)
    held.status = {
      address: around.address(target, `http://${JOB_SINK_HOST}/${namespace}/${name}`),
      job: { selector: `${NAME_LABEL}=${name}` },
      ...policies.status,
    }
  }

  function prune({ namespace, name, ttlSecondsAfterFinished }: JobSinkResource): void {
    const limit =
      ttlSecondsAfterFinished === undefined
        ? Number.NEGATIVE_INFINITY
        : clock.now() - ttlSecondsAfterFinished * 1_000
    jobs().prune(namespace, name, Number.isFinite(limit) ? limit : -1, KEPT_JOBS)
  }

  return {
    handler,
    jobs: (namespace, name) => jobs().list(namespace, name),
    apply(resource) {
      mark(shelf.put(resource))
      const { namespace, name } = resource
      const unfinished = jobs()
        .list(namespace, name)
        .filter(({ state }) => state === 'running')
      for (const { key } of unfinished) runner.start(key)
      changed()
    },
    remove(namespace, name) {
      if (!shelf.drop(namespace, name)) return
      runner.stop(namespace, name)
      jobs().remove(namespace, name)
      changed()
    },
    refresh() {
      for (const held of shelf.all()) mark(held)
    },
    objects: shelf.objects,
    async close() {
      await runner.close()
      store?.close()
    },
  }
}

const ANSWERS: Record<JobRecord['state'], (name: JobName) => Answer> = {
  running: name => ({ status: 202, headers: { location: toLocation(name) } }),
  complete: () => ({ status: 200, headers: { reason: 'Complete' } }),
  failed: () => ({ status: 400, headers: { reason: 'Failed' } }),
}

const refuse = (why: string): Answer => ({
  status: 400,
  headers: { 'content-type': 'text/plain; charset=utf-8' },
  body: why,
})

function toLocation({ namespace, sink, source, id }: JobName): string {
  return `/namespaces/${namespace}/name/${sink}/sources/${encodeURIComponent(source)}/ids/${encodeURIComponent(id)}`
}

const LOCATION = /^\/namespaces\/([^/]+)\/name\/([^/]+)\/sources\/([^/]+)\/ids\/([^/]+)\/?$/

function fromLocation(target: string): JobName | undefined {
  const [, namespace, sink, source, id] = LOCATION.exec(target) ?? []
  if (!namespace || !sink || !source || !id) return undefined
  try {
    return { namespace, sink, source: decodeURIComponent(source), id: decodeURIComponent(id) }
  } catch {
    return undefined
  }
}
