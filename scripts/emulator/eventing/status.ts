/** Brokers, triggers, channels and subscriptions as the start screen and the API show them. */

import type { EventingResource } from './admit.ts'
import type { Dispatcher } from './dispatcher.ts'
import { type HubKind, hubKey, hubUrl } from './hub.ts'
import type { Ledger } from './ledger.ts'
import type { Registry } from './registry.ts'
import type { Subscriber } from './subscriber.ts'

/** A broker and the work that waits behind it. */
export interface BrokerStatus {
  readonly namespace: string
  readonly name: string
  /** The cluster URL. */
  readonly url: string
  /** The broker's name on this machine. */
  readonly localHost: string
  readonly pending: number
}

/** A trigger and the work that waits for its subscriber. */
export interface TriggerStatus {
  readonly namespace: string
  readonly name: string
  readonly broker: string
  readonly ready: boolean
  readonly reason?: string
  readonly subscriberUrl: string
  readonly deadLetterUrl?: string
  readonly retry: number
  readonly backoffPolicy?: string
  /** Accepted and not tried yet, or being tried for the first time. */
  readonly pending: number
  /** Tried at least once without success. */
  readonly retrying: number
  readonly running: number
}

/** The answer of `status()`. */
export interface EventingStatus {
  readonly brokers: readonly BrokerStatus[]
  readonly triggers: readonly TriggerStatus[]
  readonly channels: readonly ChannelStatus[]
  readonly subscriptions: readonly SubscriptionStatus[]
}

/** A channel and the work that waits behind it. */
export type ChannelStatus = Omit<BrokerStatus, 'localHost'>

/** A subscription and the work that waits for its subscriber. */
export type SubscriptionStatus = Omit<TriggerStatus, 'broker' | 'subscriberUrl'> & {
  readonly channel: string
  readonly subscriberUrl?: string
  readonly replyUrl?: string
}

/** Counts afresh at each call. */
export function createStatus(options: {
  registry: Registry
  ledger: Ledger
  dispatcher: Dispatcher
  domain: string
}): () => EventingStatus {
  const { registry, ledger, dispatcher, domain } = options

  /** How many, by broker and by state and trigger. */
  function countAll(): (key: string) => number {
    const counts = new Map<string, number>()
    const count = (key: string): void => void counts.set(key, (counts.get(key) ?? 0) + 1)
    for (const { record } of ledger.lives()) {
      count(`hub ${record.broker}`)
      for (const { trigger, state } of record.deliveries) count(`${state} ${trigger}`)
    }
    return key => counts.get(key) ?? 0
  }

  return () => {
    const count = countAll()
    const hubs = (kind: HubKind): Omit<BrokerStatus, 'localHost'>[] =>
      registry
        .entries()
        .filter(entry => (entry.kind === 'Broker') === (kind === 'Broker'))
        .filter(({ resource }) => !isSubscriber(resource))
        .map(({ resource: { namespace, name } }) => {
          const key = hubKey({ kind, namespace, name })
          return { namespace, name, url: hubUrl(key), pending: count(`hub ${key}`) }
        })
    const common = ({ key, resource, policy, notReady }: Subscriber) => ({
      namespace: resource.namespace,
      name: resource.name,
      ready: notReady === undefined,
      ...(notReady !== undefined && { reason: notReady }),
      ...(policy.deadLetterUrl !== undefined && { deadLetterUrl: policy.deadLetterUrl }),
      retry: policy.retry,
      ...(policy.backoffPolicy && { backoffPolicy: policy.backoffPolicy }),
      pending: count(`pending ${key}`),
      retrying: count(`retrying ${key}`),
      running: dispatcher.running(key),
    })
    return {
      brokers: hubs('Broker').map(hub => ({ ...hub, localHost: `broker.${domain}` })),
      channels: hubs('Channel'),
      triggers: registry.subscribers().flatMap(subscriber => {
        const { resource, url = '' } = subscriber
        return 'broker' in resource
          ? [{ ...common(subscriber), broker: resource.broker, subscriberUrl: url }]
          : []
      }),
      subscriptions: registry.subscribers().flatMap(subscriber => {
        const { resource, url, replyUrl } = subscriber
        if (!('channel' in resource)) return []
        const urls = { ...(url && { subscriberUrl: url }), ...(replyUrl && { replyUrl }) }
        return [{ ...common(subscriber), channel: resource.channel.name, ...urls }]
      }),
    }
  }
}

const isSubscriber = (resource: EventingResource): boolean =>
  'channel' in resource || 'broker' in resource
