/** Where JobSinks take events, and tell what became of them. */
import type { Log } from '../../log.ts'
import type { HostHandler } from '../../network.ts'
import { fromHttp } from '../codec.ts'
import { EventError, text } from '../event.ts'
import { type Answer, createExchange, type Exchange } from '../exchange.ts'
import type { EventPolicies } from '../policy/policies.ts'
import { toStructured } from '../structured.ts'
import type { JobName, JobRecord } from './job-store.ts'

/** The address of the JobSink ingress inside a cluster. */
export const JOB_SINK_HOST = 'job-sink.knative-eventing.svc.cluster.local'

const CLUSTER_NAME = 'job-sink.knative-eventing'

/** `POST /<namespace>/<name>`, and `GET` of the Location that it answers. */
export function createJobDoor({
  log,
  authorize,
  exists,
  accept,
  find,
}: {
  log: Log
  authorize: EventPolicies['authorize']
  /** Whether there is such a JobSink; what it had to forget is forgotten then. */
  exists: (namespace: string, sink: string) => boolean
  /** Returns when the event is on the disk; one that is there already is not taken again. */
  accept: (name: JobName, event: Uint8Array) => void
  find: (name: JobName) => JobRecord | undefined
}): HostHandler {
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
    if (!exists(namespace, sink)) return refuse(`JobSink ${namespace}/${sink} does not exist`)
    const target = { group: 'sinks.knative.dev', kind: 'JobSink', namespace, name: sink }
    const refusal = await authorize({ guarded: [target], headers, event })
    if (refusal) return { status: refusal.status, body: refusal.message }
    const name = { namespace, sink, source: text(event, 'source'), id: text(event, 'id') }
    accept(name, toStructured(event))
    return { status: 202, headers: { location: toLocation(name) } }
  }

  function tell(target: string): Answer {
    const name = fromLocation(target)
    if (!name) return refuse(`path must be that of a Location, got ${target}`)
    exists(name.namespace, name.sink)
    const job = find(name)
    if (!job) return { status: 404 }
    return ANSWERS[job.state](name)
  }

  return createExchange({
    scope: 'job-sink',
    log,
    hosts: /^job-sink\./i,
    owns: host => host === CLUSTER_NAME,
    answer,
  })
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
