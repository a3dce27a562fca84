/** A trigger or subscription as deliveries see it: where to send, how often, and whether it takes part. */

import type {
  DeliverySpec,
  Destination,
  SubscriptionResource,
  TriggerResource,
} from '../manifests/types.ts'
import type { EventingKind } from './admit.ts'
import { brokerUrl, hubKey } from './hub.ts'
import type { Reconciled, World } from './reconciled.ts'
import type { Stage } from './records.ts'
import { BROKER_DEFAULTS, type DeliveryPolicy, deliveryPolicy } from './retries.ts'

/** A trigger or subscription ready for work. */
export interface Subscriber {
  /** `<namespace>/<name>` of a trigger, `subscription/<namespace>/<name>`. */
  readonly key: string
  readonly kind: 'Trigger' | 'Subscription'
  /** The key of its broker or channel, which may not exist yet. */
  readonly hub: string
  readonly namespace: string
  readonly resource: TriggerResource | SubscriptionResource
  /** Where events go; a subscription may have none, and anybody's may be unresolved for now. */
  readonly url?: string
  /** Where answers go. */
  readonly replyUrl?: string
  readonly policy: DeliveryPolicy
  /** What each stage sends to, as it was written. */
  readonly sinks: Readonly<Partial<Record<Stage, Destination>>>
  /** Why it gets no events yet: it has never been ready. */
  readonly notReady?: string
}

/** The key of a trigger or subscription; of no other kind it is one. */
export function subscriberKey(kind: EventingKind, namespace: string, name: string): string {
  return kind === 'Subscription' ? `subscription/${namespace}/${name}` : `${namespace}/${name}`
}

/** Puts together what was reconciled and what is inherited. */
export function toSubscriber(options: {
  resource: TriggerResource | SubscriptionResource
  reconciled: Reconciled
  world: World
  key: string
  notReady: string | undefined
}): Subscriber {
  const { resource, reconciled, world, key, notReady } = options
  const { namespace, delivery } = resource
  const { url, replyUrl, deadLetterUrl } = reconciled
  const common = {
    key,
    namespace,
    ...(url !== undefined && { url }),
    ...(notReady !== undefined && { notReady }),
  }
  if ('channel' in resource) {
    const { kind, name } = resource.channel
    const inherited = world.channel(kind, namespace, name)?.resource.delivery
    return {
      ...common,
      kind: 'Subscription',
      resource,
      hub: hubKey({ kind: 'Channel', namespace, name }),
      ...(replyUrl !== undefined && { replyUrl }),
      policy: deliveryPolicy(delivery, inherited, deadLetterUrl),
      sinks: toSinks(resource, resource.reply, inherited),
    }
  }
  const owner = { namespace, name: resource.broker }
  const broker = world.broker(namespace, resource.broker)?.resource
  const inherited = broker && (broker.delivery ?? BROKER_DEFAULTS)
  return {
    ...common,
    kind: 'Trigger',
    resource,
    hub: hubKey({ kind: 'Broker', ...owner }),
    replyUrl: brokerUrl(owner),
    policy: deliveryPolicy(delivery, inherited, deadLetterUrl),
    sinks: toSinks(resource, { ref: { ...BROKER, ...owner } }, inherited),
  }
}

const BROKER = { apiVersion: 'eventing.knative.dev/v1', kind: 'Broker' }

function toSinks(
  { subscriber, delivery }: TriggerResource | SubscriptionResource,
  reply: Destination | undefined,
  inherited: DeliverySpec | undefined,
): Subscriber['sinks'] {
  const deadLetterSink = delivery?.deadLetterSink ?? inherited?.deadLetterSink
  return {
    ...(subscriber && { subscriber }),
    ...(reply && { reply }),
    ...(deadLetterSink && { deadLetterSink }),
  }
}
