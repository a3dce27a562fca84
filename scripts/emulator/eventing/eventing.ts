/** Knative Eventing on one machine: durable brokers and channels, and a record of where each event went. */

import type { Clock } from '../clock.ts'
import type { KubeObject } from '../control/object.ts'
import type { Log } from '../log.ts'
import type {
  BrokerResource,
  ChannelResource,
  SubscriptionResource,
  TriggerResource,
} from '../manifests/types.ts'
import type { HostHandler, Send } from '../network.ts'
import { type EventingFeatures, type EventingKind, type EventingResource, kindOf } from './admit.ts'
import { adviceOn } from './advice.ts'
import { createDispatcher } from './dispatcher.ts'
import { createEntrance, type EventingMode } from './entrance.ts'
import type { CloudEvent } from './event.ts'
import { createFacts } from './facts.ts'
import type { EventQuery } from './history.ts'
import { type HubKind, hubKey } from './hub.ts'
import { createIngress } from './ingress.ts'
import { createIntake } from './intake.ts'
import { createJournal } from './journal/journal.ts'
import { createLedger } from './ledger.ts'
import { createLoops } from './loops.ts'
import { toObjects } from './objects.ts'
import { type Access, OPEN } from './policy/access.ts'
import type { ReadinessOf } from './reconciled.ts'
import type { EventRecord, EventReference, Fact } from './records.ts'
import { createRefusals } from './refusals.ts'
import { createRegistry } from './registry.ts'
import { createReplies } from './replies.ts'
import { createResend, type ResendRequest } from './resend.ts'
import type { ResolveRef } from './resolve.ts'
import { createStatus, type EventingStatus } from './status.ts'
import { parseAttributes } from './validate.ts'

/** What `createEventing` needs. */
export interface EventingOptions {
  readonly brokers: readonly BrokerResource[]
  readonly triggers: readonly TriggerResource[]
  readonly channels?: readonly ChannelResource[]
  readonly subscriptions?: readonly SubscriptionResource[]
  readonly clock: Clock
  readonly log: Log
  /** How subscribers are reached; own brokers and channels are reached in process. */
  readonly send: Send
  /** Where events are kept. */
  readonly directory: string
  /** `broker.<domain>` is the broker's name outside the cluster. */
  readonly domain: string
  /** `durable` unless told. */
  readonly mode?: EventingMode
  readonly features?: EventingFeatures
  /** Producers are answered 503 while as many events are unfinished, for each takes memory; 100000 unless told. */
  readonly maxUnfinished?: number
  /** Takes batches of events, which Knative refuses. */
  readonly batch?: boolean
  /** The address of an object of another part; without it every Service is taken to exist. */
  readonly resolveRef?: ResolveRef
  /** The Ready condition of an object of another part, for `knative.dev/dependency`. */
  readonly readinessOf?: ReadinessOf
  /** Runs what asks for many objects of other parts at once. */
  readonly inOneLook?: <T>(work: () => T) => T
  /** Who may send to what; open to all unless told. Asked for each time, as it comes up after the brokers. */
  readonly access?: () => Access
  /** What a former process left unfinished waits for `resume()`, for resources that are applied after the start. */
  readonly deferred?: boolean
}

/** The running eventing part. */
export interface Eventing {
  /** `POST /<namespace>/<broker>` on the broker's hosts, `POST /` on a channel's. */
  readonly handler: HostHandler
  /** Whether a host name (with or without port) leads to the broker ingress. */
  isBroker(host: string): boolean
  /** The same for the broker ingress and every channel. */
  owns(host: string): boolean
  /** Adds or replaces a resource; throws a TypeError naming file and line when the webhook would refuse it. */
  apply(resource: EventingResource): void
  /** Removes a resource; what waited for it ends as failed. False when there was none. */
  remove(kind: EventingKind, namespace: string, name: string): boolean
  /** Looks again at where destinations lead, after something else came or went. */
  refresh(): void
  /** Every Broker, Trigger, Channel, InMemoryChannel and Subscription with its status. */
  objects(): KubeObject[]
  /** Called after each change of `objects()`. */
  onChange(listener: () => void): () => void
  /** Takes an event as the ingress would; rejects with an EventError when it is refused. */
  publish(
    hub: { kind?: HubKind; namespace: string; name: string },
    event: CloudEvent,
  ): Promise<EventReference>
  /** Takes an event of the ledger in again, changed if asked; undefined when there is none. */
  resend(request: ResendRequest): Promise<EventReference | undefined>
  /** Newest first, without bodies. */
  events(query: EventQuery): EventRecord[]
  /** The latest event with this id, with its body. */
  event(id: string, source?: string): EventRecord | undefined
  /** The same by its position. */
  eventAt(seq: number): EventRecord | undefined
  /** The events that came of this one, the oldest first, without bodies. */
  children(seq: number): EventRecord[]
  /** Deletes ended events that `wanted` names; resolves with their number. */
  purge(wanted?: (record: EventRecord) => boolean): Promise<number>
  status(): EventingStatus
  subscribe(listener: (fact: Fact) => void): () => void
  /** Takes up what a former process left unfinished; needed only when `deferred`. */
  resume(): void
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
  const { clock, log, mode = 'durable', access = () => OPEN } = options
  const { maxUnfinished = 100_000 } = options
  const registry = createRegistry({ ...options, access })
  const listeners = new Set<() => void>()
  const { channels = [], subscriptions = [] } = options
  for (const resource of [...options.brokers, ...channels, ...options.triggers, ...subscriptions]) {
    admit(resource)
  }
  const journal = await createJournal({ directory: options.directory, log })
  const ledger = createLedger({ journal, clock, log })
  const facts = createFacts({ log })
  const loops = createLoops({ ledger, log })
  const intake = createIntake({
    registry,
    ledger,
    clock,
    facts,
    warn: message => log.warn('broker', message),
    onAccepted(live) {
      loops.watch(live.record)
      dispatcher.start(live)
    },
    onSettled: wakeIdlers,
  })
  const entrance = createEntrance({ intake, ledger, registry, clock, mode })
  let closing: Promise<void> | undefined
  const ingress = createIngress({
    ...options,
    entrance,
    exists: registry.hasHub,
    ready: () => closing === undefined,
    full: () => ledger.size() >= maxUnfinished,
    authorize: request => access().authorize(request),
    onRefused: createRefusals({ ledger, clock, log, facts }),
  })
  const dispatcher = createDispatcher({
    ...options,
    access,
    registry,
    ledger,
    replies: createReplies({ journal, log }),
    entrance: () => entrance,
    loops,
    facts,
  })
  const status = createStatus({ registry, ledger, dispatcher, domain: options.domain })
  const resend = createResend({ ledger, intake })
  let idlers: (() => void)[] = []
  let resumed = false
  ledger.onEmpty(wakeIdlers)
  const unfinished = ledger.restore()
  if (!options.deferred) resume()

  function admit(resource: EventingResource): void {
    const { file, line, namespace, name } = resource
    if (!registry.apply(resource)) return
    const place = `${file}:${line}: ${kindOf(resource).toLowerCase()} ${namespace}/${name}`
    for (const advice of adviceOn(resource)) log.warn('broker', `${place}: ${advice}`)
  }

  function changed(): void {
    for (const listener of listeners) listener()
  }

  function isIdle(): boolean {
    return ledger.size() === 0 && intake.inFlight() === 0
  }

  function wakeIdlers(): void {
    if (!isIdle()) return
    for (const resolve of idlers) resolve()
    idlers = []
  }

  function resume(): void {
    if (resumed) return
    resumed = true
    if (unfinished.length > 0) {
      log.info('broker', `taking up ${unfinished.length} unfinished events`)
    }
    for (const live of unfinished) {
      // A producer still waits for its answer in this mode, so a process that ends takes its events with it.
      if (entrance.isDurable(live.record.broker)) dispatcher.start(live)
      else dispatcher.abandon(live, 'the broker was restarted, and keeps nothing in sync mode')
    }
  }

  async function publish(
    { kind = 'Broker', namespace, name }: { kind?: HubKind; namespace: string; name: string },
    event: CloudEvent,
  ): Promise<EventReference> {
    if (closing) throw new Error('the broker is stopping')
    const attributes = parseAttributes(Object.entries(event.attributes))
    return intake.accept(hubKey({ kind, namespace, name }), { ...event, attributes }, {})
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
    owns: ingress.owns,
    apply(resource) {
      admit(resource)
      changed()
    },
    remove(kind, namespace, name) {
      if (!registry.remove(kind, namespace, name)) return false
      dispatcher.recheck()
      changed()
      return true
    },
    refresh() {
      registry.refresh()
      changed()
    },
    objects: () => toObjects(registry),
    onChange(listener) {
      const entry = (): void => listener()
      listeners.add(entry)
      return () => void listeners.delete(entry)
    },
    publish,
    resend,
    events: ledger.history.events,
    event: (id, source) => withBody(ledger.history.find(id, source)),
    eventAt: seq => withBody(ledger.history.at(seq)),
    children: ledger.history.children,
    purge: (wanted = () => true) => ledger.purge(wanted),
    status,
    subscribe: facts.subscribe,
    resume,
    idle: () => (isIdle() ? Promise.resolve() : new Promise(resolve => void idlers.push(resolve))),
    close,
    [Symbol.asyncDispose]: close,
  }

  function withBody(record: EventRecord | undefined): EventRecord | undefined {
    return record && ledger.withBody(record)
  }
}
