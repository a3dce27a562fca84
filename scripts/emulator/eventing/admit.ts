/** What the webhook refuses about a resource that is well written: features that are off, fields that must not change. */

import { isDeepStrictEqual } from 'node:util'
import type {
  BrokerResource,
  ChannelResource,
  DeliverySpec,
  SubscriptionResource,
  TriggerResource,
} from '../manifests/types.ts'
import { assertFilters } from './filters.ts'
import { addressOf, resolve } from './resolve.ts'

/** A resource of the kinds that eventing's core owns. */
export type EventingResource =
  | BrokerResource
  | TriggerResource
  | ChannelResource
  | SubscriptionResource

/** The kinds of `EventingResource`. */
export type EventingKind = 'Broker' | 'Trigger' | 'Channel' | 'InMemoryChannel' | 'Subscription'

/** Flags of `config-features`; what is not named is as on a cluster without that ConfigMap. */
export interface EventingFeatures {
  /** Lets `retryAfterMax` be set. */
  readonly 'delivery-retryafter'?: 'enabled' | 'disabled'
}

/** The kind, which Brokers and Triggers do not carry themselves. */
export function kindOf(resource: EventingResource): EventingKind {
  if ('kind' in resource) return resource.kind
  return 'subscriber' in resource ? 'Trigger' : 'Broker'
}

/** @throws TypeError with the webhook's message; `before` is what the resource would replace */
export function assertAdmitted(
  resource: EventingResource,
  before: EventingResource | undefined,
  features: EventingFeatures,
): void {
  const { delivery } = resource
  if (delivery?.retryAfterMaxMs !== undefined && features['delivery-retryafter'] !== 'enabled') {
    throw new TypeError(
      'must not set the field(s): spec.delivery.retryAfterMax (feature delivery-retryafter is off)',
    )
  }
  assertDestinations(resource, delivery)
  if ('filters' in resource) assertFilters(resource.filters)
  if (!before) return
  for (const [path, read] of IMMUTABLE[kindOf(resource)]) {
    if (!isDeepStrictEqual(read(before), read(resource))) {
      throw new TypeError(`Immutable fields changed (-old +new): ${path}`)
    }
  }
}

function assertDestinations(resource: EventingResource, delivery: DeliverySpec | undefined): void {
  if ('subscriber' in resource && resource.subscriber) resolve(resource.subscriber, addressOf)
  if ('reply' in resource && resource.reply) resolve(resource.reply, addressOf, 'reply')
  if (delivery?.deadLetterSink) {
    resolve(delivery.deadLetterSink, addressOf, 'delivery.deadLetterSink')
  }
}

type Read = (resource: EventingResource) => unknown

const CLASS = 'eventing.knative.dev/broker.class'

const specOf = ({ document }: EventingResource): Record<string, unknown> =>
  (document?.spec ?? {}) as Record<string, unknown>

const IMMUTABLE: Readonly<Record<EventingKind, readonly (readonly [string, Read])[]>> = {
  Broker: [
    ['spec, config', resource => specOf(resource).config],
    [`annotations, ${CLASS}`, ({ annotations }) => annotations[CLASS] ?? 'MTChannelBasedBroker'],
  ],
  Trigger: [['spec, broker', resource => 'broker' in resource && resource.broker]],
  Channel: [['spec, channelTemplate', resource => specOf(resource).channelTemplate]],
  InMemoryChannel: [],
  Subscription: [['spec, channel', resource => 'channel' in resource && resource.channel]],
}
