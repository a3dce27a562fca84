/** Keeps RequestReplies: publishes the event of a request and holds the request until the event that answers it comes. */
import { type OwnerReference, toOwnerReference } from '../../control/object.ts'
import type { RequestReplyResource } from '../../manifests/eventing-types.ts'
import type { TriggerResource } from '../../manifests/types.ts'
import type { HostHandler } from '../../network.ts'
import { fromHttp, toBinary } from '../codec.ts'
import { type Controller, createController, type Surroundings } from '../controller.ts'
import { attribute, type CloudEvent, EventError, text, withAttributes } from '../event.ts'
import { type Answer, createExchange, type Exchange } from '../exchange.ts'
import { findObject, readyOf } from '../find-object.ts'
import { brokerUrl } from '../hub.ts'
import { passThrough } from '../pass-through.ts'
import { isSuccess } from '../retries.ts'
import { createShelf, type Held } from '../shelf.ts'
import { createKey, fromCorrelationId, toCorrelationId } from './correlation.ts'
import { addVerifier, toExpression } from './verify-function.ts'

/** The controller with its HTTP side. */
export interface RequestReplies extends Controller<RequestReplyResource> {
  readonly handler: HostHandler
}

/** Where the Triggers of RequestReplies live. */
export interface TriggerHost {
  apply(resource: TriggerResource): void
  remove(kind: 'Trigger', namespace: string, name: string): void
}

const CLUSTER_NAME = 'request-reply.knative-eventing'
const BASE = `http://${CLUSTER_NAME}.svc.cluster.local`
/** The data plane's own bound, whatever `spec.timeout` says. */
const MAX_TIMEOUT_MS = 60_000

interface Desk {
  /** What its correlation ids are made with. */
  readonly key: Buffer
  /** The broker that its Trigger was made for. */
  readonly broker: string
}

/** The controller of RequestReplies. */
export function createRequestReplies(around: Surroundings, host: TriggerHost): RequestReplies {
  const { clock, log, send } = around
  const shelf = createShelf<RequestReplyResource, Desk>({
    clock,
    apiVersion: 'eventing.knative.dev/v1alpha1',
    dependents: [
      'IngressReady',
      'TriggersReady',
      'Addressable',
      'EventPoliciesReady',
      'BrokerReady',
    ],
  })
  /** Requests that wait, by RequestReply and event id. */
  const waiting = new Map<string, (reply: CloudEvent) => void>()
  const dropVerifier = addVerifier((id, name, namespace) => {
    const key = shelf.get(namespace, name)?.own?.key
    return key !== undefined && fromCorrelationId(id, key) !== undefined
  })
  const handler = createExchange({
    scope: 'request-reply',
    log,
    hosts: /^request-reply\./i,
    owns: name => name === CLUSTER_NAME,
    answer,
  })

  /** `pkg/requestreply/ingress_handler.go`: `/<namespace>/<name>` asks, `/<namespace>/<name>/reply` answers. */
  async function answer(exchange: Exchange): Promise<Answer> {
    if (exchange.method === 'OPTIONS') return PROBE
    if (exchange.method !== 'POST')
      return refuse(405, `method must be POST, got ${exchange.method}`)
    if (exchange.target === '/') return refuse(404, 'path must be /<namespace>/<name>, got /')
    const parts = exchange.target.replace(/\/$/, '').split('/')
    if (parts.length < 3 || parts.length > 4) {
      return refuse(400, `path must be /<namespace>/<name>, got ${exchange.target}`)
    }
    let event: CloudEvent
    try {
      event = fromHttp(exchange.headers, exchange.body)
    } catch (error) {
      if (error instanceof EventError) return refuse(400, error.message)
      throw error
    }
    const [, namespace = '', name = '', suffix] = parts
    const held = shelf.get(namespace, name)
    const key = held?.own?.key
    if (!held || !key) return refuse(404, `RequestReply ${namespace}/${name} does not exist`)
    return suffix === 'reply' ? take(held, key, event) : ask(held, key, event, exchange)
  }

  function take({ resource }: Held<RequestReplyResource>, key: Buffer, event: CloudEvent): Answer {
    const replyId = attribute(event, resource.replyAttribute)
    if (typeof replyId !== 'string') {
      return refuse(400, `"${resource.replyAttribute}" must be a correlation id, got nothing`)
    }
    const id = fromCorrelationId(replyId, key)
    if (id === undefined) {
      return refuse(400, `"${resource.replyAttribute}" is no correlation id of this RequestReply`)
    }
    const resolve = waiting.get(waitKey(resource, id))
    if (resolve) resolve(event)
    else log.warn(resource.name, 'a reply came to a request that does not wait any more', { id })
    return { status: 202, headers: ALLOW }
  }

  async function ask(
    { resource }: Held<RequestReplyResource>,
    key: Buffer,
    event: CloudEvent,
    { headers, signal }: Exchange,
  ): Promise<Answer> {
    const id = text(event, 'id')
    const { namespace, name, broker, correlationAttribute, timeoutMs } = resource
    const marked = withAttributes(event, { [correlationAttribute]: toCorrelationId(id, key) })
    const reply = Promise.withResolvers<CloudEvent>()
    const entry = waitKey(resource, id)
    waiting.set(entry, reply.resolve)
    const over = new AbortController()
    try {
      const message = toBinary(marked)
      const from = { group: 'eventing.knative.dev', kind: 'RequestReply', namespace, name }
      const ref = { apiVersion: 'eventing.knative.dev/v1', kind: 'Broker', namespace, name: broker }
      const identity = await around.credentials(from, { ref })
      const accepted = await send({
        url: brokerUrl({ namespace, name: broker }),
        method: 'POST',
        headers: { ...passThrough(headers), ...message.headers, ...identity },
        body: message.body,
        signal,
      })
      if (!isSuccess(accepted.status)) {
        log.error(name, `broker ${broker} answered ${accepted.status} to a request`, { id })
        return { status: 500, headers: ALLOW }
      }
      const limitMs = Math.min(timeoutMs, MAX_TIMEOUT_MS)
      const late = clock.sleep(limitMs, AbortSignal.any([over.signal, signal])).catch(() => {})
      const first = await Promise.race([reply.promise, late])
      if (first) {
        const { headers: fields, body } = toBinary(first)
        return { status: 200, headers: { ...ALLOW, ...fields }, body }
      }
      log.warn(
        name,
        `no reply within ${limitMs / 1_000} s: answered 200 without a body, as on a cluster`,
        {
          id,
        },
      )
      return { status: 200, headers: ALLOW }
    } finally {
      over.abort()
      if (waiting.get(entry) === reply.resolve) waiting.delete(entry)
    }
  }

  function mark(held: Held<RequestReplyResource>): void {
    const { resource, conditions } = held
    const { namespace, name, broker } = resource
    const find = (kind: string, wanted: string) =>
      findObject(around.world(), {
        group: 'eventing.knative.dev',
        kind,
        namespace,
        name: wanted,
      })
    conditions.set('IngressReady', 'True')
    conditions.set('Addressable', 'True')
    conditions.set('EventPoliciesReady', 'True', {
      reason: 'NotImplemented',
      message: 'Event policies not implemented for RequestReply yet',
    })
    const brokerReady = readyOf(find('Broker', broker))
    if (brokerReady?.status === 'True') conditions.set('BrokerReady', 'True')
    else if (brokerReady) {
      conditions.set('BrokerReady', 'False', { reason: 'NotReady', message: 'broker is not ready' })
    } else {
      const message = `could not get broker: broker.eventing.knative.dev "${broker}" not found`
      conditions.set('BrokerReady', 'Unknown', { reason: 'NotFound', message })
    }
    const isReady = readyOf(find('Trigger', triggerOf(resource)))?.status === 'True'
    if (isReady) conditions.set('TriggersReady', 'True')
    else {
      const message = 'not all triggers are ready yet'
      conditions.set('TriggersReady', 'Unknown', { reason: 'TriggersNotReady', message })
    }
    held.status = {
      address: { name: 'http', url: `${BASE}/${namespace}/${name}` },
      desiredReplicas: 1,
      readyReplicas: isReady ? 1 : 0,
      annotations: {
        'eventing.knative.dev/requestreply.broker.address': brokerUrl({ namespace, name: broker }),
      },
    }
  }

  function listen(held: Held<RequestReplyResource, Desk>): void {
    const { resource, own } = held
    const trigger = toTrigger(resource, toOwnerReference(held.object()))
    // Its broker is immutable, so that another broker needs another Trigger.
    if (own && own.broker !== resource.broker) hush(held)
    held.own = { key: own?.key ?? createKey(), broker: resource.broker }
    host.apply(trigger)
  }

  const hush = ({ resource }: Held<RequestReplyResource>): void =>
    host.remove('Trigger', resource.namespace, triggerOf(resource))

  return {
    ...createController(shelf, around, { applied: listen, mark, gone: hush }),
    handler,
    async close() {
      dropVerifier()
      waiting.clear()
    },
  }
}

const ALLOW = { allow: 'POST, OPTIONS' }
const PROBE: Answer = {
  status: 200,
  headers: { ...ALLOW, 'webhook-allowed-origin': '*', 'webhook-allowed-rate': '*' },
}

const refuse = (status: number, why: string): Answer => ({
  status,
  headers: { ...ALLOW, 'content-type': 'text/plain; charset=utf-8' },
  body: why,
})

const waitKey = ({ namespace, name }: RequestReplyResource, id: string): string =>
  JSON.stringify([namespace, name, id])

/** `kmeta.ChildName(rr.Name, "0-1")`: replica 0 of 1. */
const triggerOf = ({ name }: RequestReplyResource): string => `${name}0-1`

function toTrigger(resource: RequestReplyResource, owner: OwnerReference): TriggerResource {
  const { file, line, namespace, name, broker, replyAttribute, delivery } = resource
  return {
    file,
    line,
    namespace,
    name: triggerOf(resource),
    labels: {
      'eventing.knative.dev/RequestReply.name': name,
      'eventing.knative.dev/RequestReply.namespace': namespace,
      'eventing.knative.dev/RequestReply.dataPlaneReplicas': '1',
    },
    annotations: {},
    ownerReferences: [owner],
    broker,
    filters: [{ cesql: toExpression(replyAttribute, name, namespace) }],
    subscriber: { uri: `${BASE}/${namespace}/${name}/reply` },
    ...(delivery && { delivery }),
  }
}
