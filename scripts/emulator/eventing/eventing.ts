/** Knative Eventing on one machine: a durable broker, its triggers, and a record of where each event went. */

import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { BrokerResource, TriggerResource } from '../manifests/types.ts'
import type { HostHandler, Send } from '../network.ts'
import type { Headers } from './codec.ts'
import { createDispatcher } from './dispatcher.ts'
import type { CloudEvent, EventError } from './event.ts'
import { createFacts } from './facts.ts'
import { createIngress, type Ingress } from './ingress.ts'
import { createIntake } from './intake.ts'
import { createJournal } from './journal/journal.ts'
import { createLedger, type EventQuery } from './ledger.ts'
import { type EventRecord, type EventReference, type Fact, reference } from './records.ts'
import { createRegistry, keyOf } from './registry.ts'
import { createStatus, type EventingStatus } from './status.ts'
import { parseAttributes } from './validate.ts'

/** What `createEventing` needs. */
export interface EventingOptions {
  readonly brokers: readonly BrokerResource[]
  readonly triggers: readonly TriggerResource[]
  readonly clock: Clock
  readonly log: Log
  /** How subscribers are reached; the broker's own hosts are answered in process. */
  readonly send: Send
  /** Where events are kept. */
  readonly directory: string
  /** `broker.<domain>` is the broker's name outside the cluster. */
  readonly domain: string
}

/** The running eventing part. */
export interface Eventing {
  /** `POST /<namespace>/<broker>` on the broker's hosts. */
  readonly handler: HostHandler
  /** Whether a host name (with or without port) leads to the broker. */
  isBroker(host: string): boolean
  /** Adds or replaces a trigger or broker; throws a TypeError naming file and line when it cannot work. */
  apply(resource: TriggerResource | BrokerResource): void
  /** Takes an event as the ingress would; rejects with an EventError when it is refused. */
  publish(broker: { namespace: string; name: string }, event: CloudEvent): Promise<EventReference>
  /** Newest first, without bodies. */
  events(query: EventQuery): EventRecord[]
  /** The latest event with this id, with its body. */
  event(id: string, source?: string): EventRecord | undefined
  status(): EventingStatus
  subscribe(listener: (fact: Fact) => void): () => void
  /** Resolves when no event is unfinished and every end is on the disk. */
  idle(): Promise<void>
  /** Stops taking and sending; what is unfinished is taken up by the next `createEventing` on the folder. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** How long running attempts may end by themselves when the broker stops; real time. */
const CLOSE_GRACE_MS = 1000

/**
 * Opens the journal, takes up unfinished events, and is ready.
 * @throws TypeError when a resource cannot work; Error when the journal is in use or corrupt
 */
export async function createEventing(options: EventingOptions): Promise<Eventing> {
  const { clock, log } = options
  const registry = createRegistry()
  for (const resource of [...options.brokers, ...options.triggers]) registry.apply(resource)
  const journal = await createJournal({ directory: options.directory, log })
  const ledger = createLedger({ journal, clock, log })
  const facts = createFacts({ log })
  const intake = createIntake({
    registry,
    ledger,
    clock,
    facts,
    onAccepted: live => dispatcher.start(live),
    onSettled: wakeIdlers,
  })
  let closing: Promise<void> | undefined
  const ingress = createIngress({
    intake,
    domain: options.domain,
    log,
    ready: () => closing === undefined,
    onRefused,
  })
  const dispatcher = createDispatcher({
    registry,
    ledger,
    intake: () => intake,
    clock,
    log,
    facts,
    send: withBroker(options.send, ingress),
  })
  const status = createStatus({ registry, ledger, dispatcher, domain: options.domain })
  let idlers: (() => void)[] = []
  ledger.onEmpty(wakeIdlers)
  resume()

  function isIdle(): boolean {
    return ledger.size() === 0 && intake.inFlight() === 0
  }

  function wakeIdlers(): void {
    if (!isIdle()) return
    for (const resolve of idlers) resolve()
    idlers = []
  }

  function resume(): void {
    const unfinished = ledger.restore()
    if (unfinished.length > 0)
      log.info('broker', `taking up ${unfinished.length} unfinished events`)
    for (const live of unfinished) dispatcher.start(live)
  }

  function onRefused(broker: string, headers: Headers, error: EventError): void {
    const arrival = clock.now()
    const attributes = claimed(headers)
    const record: EventRecord = {
      seq: ledger.nextSeq(),
      broker,
      attributes,
      size: 0,
      arrival,
      state: 'refused',
      ended: arrival,
      reason: error.message,
      deliveries: [],
      misses: [],
    }
    ledger.refuse(record)
    log.warn('broker', `refused an event with ${error.status}: ${error.message}`)
    const event = reference(record.seq, attributes)
    facts.emit({ kind: 'refused', at: arrival, broker, event, reason: error.message })
  }

  async function publish(
    broker: { namespace: string; name: string },
    event: CloudEvent,
  ): Promise<EventReference> {
    if (closing) throw new Error('the broker is stopping')
    const attributes = parseAttributes(Object.entries(event.attributes))
    return intake.accept(keyOf(broker), { ...event, attributes }, {})
  }

  async function stop(): Promise<void> {
    await dispatcher.close(CLOSE_GRACE_MS)
    await journal.close()
  }

  function close(): Promise<void> {
    closing ??= stop()
    return closing
  }

  return {
    handler: ingress.handler,
    isBroker: ingress.isBroker,
    apply: resource => registry.apply(resource),
    publish,
    events: ledger.events,
    event: ledger.find,
    status,
    subscribe: facts.subscribe,
    idle: () => (isIdle() ? Promise.resolve() : new Promise(resolve => void idlers.push(resolve))),
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** Requests to the broker itself take no detour over the network. */
function withBroker(send: Send, ingress: Ingress): Send {
  return async request => {
    const { host, pathname, search } = new URL(request.url)
    if (!ingress.isBroker(host)) return send(request)
    const answer = await ingress.answer({
      method: request.method,
      target: `${pathname}${search}`,
      headers: request.headers,
      body: request.body ?? new Uint8Array(0),
    })
    return { ...answer, headers: { ...answer.headers }, body: Buffer.from(answer.body) }
  }
}

/** What a refused request said of itself, cut short. */
function claimed(headers: Headers): Record<string, string> {
  const attributes: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (/^ce-[a-z0-9]+$/i.test(name))
      attributes[name.slice(3).toLowerCase()] = String(value).slice(0, 200)
  }
  return attributes
}
