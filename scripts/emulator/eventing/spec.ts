/** The `spec` of a resource as the API shows it: as it was written, with the webhook's defaults, or made from its fields. */

import type {
  BrokerResource,
  ChannelResource,
  DeliverySpec,
  Destination,
  FilterExpression,
  SubscriptionResource,
  TriggerResource,
} from '../manifests/types.ts'
import type { EventingResource } from './admit.ts'

type Spec = Record<string, unknown>

/** By the kind of the resource. */
export function specOf(resource: EventingResource): Spec {
  if ('channel' in resource) return subscriptionSpec(resource)
  if ('kind' in resource) return channelSpec(resource)
  return 'subscriber' in resource ? triggerSpec(resource) : brokerSpec(resource)
}

/** `config-br-defaults` gives a Broker its channel, and its delivery when it has none. */
function brokerSpec(resource: BrokerResource): Spec {
  const written = writtenSpec(resource)
  return {
    config: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      name: 'config-br-default-channel',
      namespace: 'knative-eventing',
    },
    delivery: resource.delivery
      ? toDelivery(resource.delivery)
      : { retry: 10, backoffPolicy: 'exponential', backoffDelay: 'PT0.2S' },
    ...written,
  }
}

/** A Trigger without a filter gets an empty one. */
function triggerSpec(resource: TriggerResource): Spec {
  const { broker, filter, filters, subscriber, delivery } = resource
  return {
    broker,
    filter: filter ? { attributes: filter } : {},
    ...(filters && { filters: filters as readonly FilterExpression[] }),
    ...(delivery && { delivery: toDelivery(delivery) }),
    ...writtenSpec(resource),
    subscriber,
  }
}

/** A Channel without a template is backed by an InMemoryChannel. */
function channelSpec(resource: ChannelResource): Spec {
  return {
    ...(resource.kind === 'Channel' && {
      channelTemplate: { apiVersion: 'messaging.knative.dev/v1', kind: 'InMemoryChannel' },
    }),
    ...(resource.delivery && { delivery: toDelivery(resource.delivery) }),
    ...writtenSpec(resource),
  }
}

/** The references of a Subscription with their namespaces. */
function subscriptionSpec(resource: SubscriptionResource): Spec {
  const { channel, subscriber, reply, delivery } = resource
  return {
    channel: { apiVersion: 'messaging.knative.dev/v1', ...channel },
    ...(delivery && { delivery: toDelivery(delivery) }),
    ...writtenSpec(resource),
    ...(subscriber && { subscriber }),
    ...(reply && { reply }),
  }
}

function writtenSpec({ document }: { readonly document?: Readonly<Spec> }): Spec {
  const { spec } = document ?? {}
  return typeof spec === 'object' && spec !== null ? { ...(spec as Spec) } : {}
}

function toDelivery(delivery: DeliverySpec): Spec {
  const { retry, backoffPolicy, format, deadLetterSink } = delivery
  return {
    ...(retry !== undefined && { retry }),
    ...(backoffPolicy && { backoffPolicy }),
    ...toDuration('backoffDelay', delivery.backoffDelayMs),
    ...toDuration('timeout', delivery.timeoutMs),
    ...toDuration('retryAfterMax', delivery.retryAfterMaxMs),
    ...(format && { format }),
    ...(deadLetterSink && { deadLetterSink: deadLetterSink satisfies Destination }),
  }
}

/** ISO 8601 in seconds. */
const toDuration = (name: string, ms: number | undefined): Spec =>
  ms === undefined ? {} : { [name]: `PT${ms / 1000}S` }
