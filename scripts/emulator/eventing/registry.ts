/** The brokers, channels, triggers and subscriptions in force, reconciled at each change. */

import type { Clock } from '../clock.ts'
import { type ConditionSet, createConditions } from '../control/conditions.ts'
import { createIdentity, type Identity } from '../control/object.ts'
import type {
  BrokerResource,
  ChannelResource,
  SubscriptionResource,
  TriggerResource,
} from '../manifests/types.ts'
import {
  assertAdmitted,
  type EventingFeatures,
  type EventingKind,
  type EventingResource,
  kindOf,
} from './admit.ts'
import { hubKey } from './hub.ts'
import type { Access } from './policy/access.ts'
import {
  reconcileBroker,
  reconcileChannel,
  reconcileSubscription,
  reconcileTrigger,
} from './reconcile.ts'
import {
  DEPENDENTS,
  type Mark,
  type ReadinessOf,
  type Reconciled,
  type World,
} from './reconciled.ts'
import { addressOf, type ResolveRef } from './resolve.ts'
import { specOf } from './spec.ts'
import { type Subscriber, subscriberKey, toSubscriber } from './subscriber.ts'

/** A resource with what became of it. */
export interface Entry<R extends EventingResource = EventingResource> {
  readonly kind: EventingKind
  resource: R
  readonly identity: Identity
  readonly conditions: ConditionSet
  reconciled: Reconciled
}

/** Looked up for each event, changed by each apply. */
export interface Registry {
  /**
   * Adds or replaces; true when its spec was not known so.
   * @throws TypeError that says what is wrong with the resource; nothing is changed then
   */
  apply(resource: EventingResource): boolean
  /** False when there was none. */
  remove(kind: EventingKind, namespace: string, name: string): boolean
  /** Looks at what destinations lead to again. */
  refresh(): void
  entries(): Entry[]
  hasHub(key: string): boolean
  /** Whether a channel answers before its subscribers have been asked. */
  isAsync(key: string): boolean
  subscriber(key: string): Subscriber | undefined
  subscribers(hub?: string): readonly Subscriber[]
}

/** What a registry needs to know of the rest. */
export interface RegistryOptions {
  readonly clock: Clock
  readonly features?: EventingFeatures
  /** The address of an object of another part; without it every Service is taken to exist. */
  readonly resolveRef?: ResolveRef
  readonly readinessOf?: ReadinessOf
  readonly access: () => Access
  /** Runs what asks for many of them at once, in which none of them changes. */
  readonly inOneLook?: <T>(work: () => T) => T
}

/** A registry that holds nothing yet. */
export function createRegistry(options: RegistryOptions): Registry {
  const { clock, features = {}, resolveRef = addressOf, readinessOf = () => undefined } = options
  const { access, inOneLook = work => work() } = options
  const entries = new Map<string, Entry>()
  /** Subscribers that were ready once: the channel keeps them, whatever becomes of their destination. */
  const subscribed = new Set<string>()
  let subscribers = new Map<string, Subscriber>()
  let byHub = new Map<string, Subscriber[]>()
  /** By key; whether it answers before its subscribers have been asked. */
  let hubs = new Map<string, boolean>()

  const world: World = {
    access,
    readinessOf,
    resolveRef(ref) {
      const kind = OWN[`${ref.apiVersion.split('/')[0]}/${ref.kind}`]
      if (!kind) return resolveRef(ref)
      const exists = kind === 'Broker' ? broker(ref) : channel(kind, ref)
      return exists && addressOf(ref)
    },
    broker: (namespace, name) => broker({ namespace, name }),
    channel: (kind, namespace, name) => channel(kind, { namespace, name }),
  }

  function find<R extends EventingResource>(
    kind: EventingKind,
    { namespace, name }: Named,
  ): Found<R> | undefined {
    const entry = entries.get(entryKey(kind, namespace, name))
    // The kind in the key is the kind of the resource.
    return entry && { resource: entry.resource as R, ready: readyOf(entry) }
  }

  const broker = (named: Named): Found<BrokerResource> | undefined => find('Broker', named)

  /** A Channel brings an InMemoryChannel of its name. */
  const channel = (
    kind: ChannelResource['kind'],
    named: Named,
  ): Found<ChannelResource> | undefined =>
    find('Channel', named) ?? (kind === 'InMemoryChannel' ? find(kind, named) : undefined)

  function apply(resource: EventingResource): boolean {
    const kind = kindOf(resource)
    const key = entryKey(kind, resource.namespace, resource.name)
    const before = entries.get(key)
    try {
      assertAdmitted(resource, before?.resource, features)
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      const { file, line, namespace, name } = resource
      throw new TypeError(`${file}:${line}: ${kind.toLowerCase()} ${namespace}/${name}: ${message}`)
    }
    let isNew = true
    if (before) {
      before.resource = resource
      isNew = before.identity.update(specOf(resource))
    } else {
      entries.set(key, {
        kind,
        resource,
        identity: createIdentity(clock, specOf(resource), resource.born),
        conditions: createConditions({ clock, dependents: DEPENDENTS[kind] ?? [] }),
        reconciled: { marks: [], status: {} },
      })
    }
    refresh()
    return isNew
  }

  function remove(kind: EventingKind, namespace: string, name: string): boolean {
    if (!entries.delete(entryKey(kind, namespace, name))) return false
    subscribed.delete(subscriberKey(kind, namespace, name))
    refresh()
    return true
  }

  function refresh(): void {
    inOneLook(reconcileAll)
  }

  /** Brokers and channels first, for the others are judged by them. */
  function reconcileAll(): void {
    const found = new Map<string, Subscriber>()
    hubs = new Map()
    for (const kinds of PHASES) {
      for (const entry of entries.values()) {
        if (!kinds.includes(entry.kind)) continue
        entry.reconciled = RECONCILE[entry.kind](entry.resource, world)
        for (const [type, status, reason, message] of entry.reconciled.marks) {
          const why = { ...(reason && { reason }), ...(message && { message }) }
          entry.conditions.set(type, status, why)
        }
        if (entry.kind === 'Trigger' || entry.kind === 'Subscription') {
          const subscriber = subscriberOf(entry)
          found.set(subscriber.key, subscriber)
          continue
        }
        const { namespace, name, annotations } = entry.resource
        const kind = entry.kind === 'Broker' ? entry.kind : 'Channel'
        hubs.set(hubKey({ kind, namespace, name }), annotations[ASYNC_HANDLER] === 'true')
      }
    }
    subscribers = found
    byHub = Map.groupBy(found.values(), ({ hub }) => hub)
  }

  function subscriberOf({ kind, resource, reconciled, conditions }: Entry): Subscriber {
    const key = subscriberKey(kind, resource.namespace, resource.name)
    if (conditions.ready() === 'True') subscribed.add(key)
    const ready = conditions.list().find(({ type }) => type === 'Ready')
    const notReady = subscribed.has(key) ? undefined : `${ready?.reason}: ${ready?.message}`
    // Only triggers and subscriptions come here.
    const subscriber = resource as TriggerResource | SubscriptionResource
    return toSubscriber({ resource: subscriber, reconciled, world, key, notReady })
  }

  return {
    apply,
    remove,
    refresh,
    entries: () => [...entries.values()],
    hasHub: key => hubs.has(key),
    isAsync: key => hubs.get(key) === true,
    subscriber: key => subscribers.get(key),
    subscribers: key => (key === undefined ? [...subscribers.values()] : (byHub.get(key) ?? [])),
  }
}

interface Named {
  readonly namespace: string
  readonly name: string
}

interface Found<R> {
  readonly resource: R
  readonly ready: Mark
}

const ASYNC_HANDLER = 'messaging.knative.dev/async-handler'

const OWN: Readonly<Record<string, 'Broker' | ChannelResource['kind'] | undefined>> = {
  'eventing.knative.dev/Broker': 'Broker',
  'messaging.knative.dev/Channel': 'Channel',
  'messaging.knative.dev/InMemoryChannel': 'InMemoryChannel',
}

const PHASES: readonly (readonly EventingKind[])[] = [
  ['Broker', 'Channel', 'InMemoryChannel'],
  ['Trigger', 'Subscription'],
]

// Each is called with resources of its own kind only.
const RECONCILE = {
  Broker: reconcileBroker,
  Trigger: reconcileTrigger,
  Channel: reconcileChannel,
  InMemoryChannel: reconcileChannel,
  Subscription: reconcileSubscription,
} as Readonly<Record<EventingKind, (resource: EventingResource, world: World) => Reconciled>>

const entryKey = (kind: EventingKind, namespace: string, name: string): string =>
  `${kind} ${namespace}/${name}`

function readyOf({ conditions }: Entry): Mark {
  const ready = conditions.list().find(({ type }) => type === 'Ready')
  return ['Ready', ready?.status ?? 'Unknown', ready?.reason, ready?.message]
}
