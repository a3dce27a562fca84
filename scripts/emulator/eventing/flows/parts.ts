/** The channels and subscriptions that flows are made of. */
import type { OwnerReference } from '../../control/object.ts'
import type { ParallelResource, SequenceResource } from '../../manifests/eventing-types.ts'
import type {
  ChannelResource,
  DeliverySpec,
  Destination,
  SubscriptionResource,
} from '../../manifests/types.ts'

/** A flow of either kind. */
export type Flow = SequenceResource | ParallelResource

/** What a flow owns. The first channel is where its events come in. */
export interface FlowParts {
  readonly channels: readonly ChannelResource[]
  readonly subscriptions: readonly SubscriptionResource[]
}

/** A channel of the flow's template. */
export function toChannel(flow: Flow, owner: OwnerReference, name: string): ChannelResource {
  const { delivery } = flow.channelTemplate
  return {
    ...common(flow, owner, name),
    kind: kindOf(flow),
    ...(delivery && { delivery }),
  }
}

/** A Destination that is one of the flow's channels. */
export function toReference(flow: Flow, name: string): Destination {
  const { apiVersion, kind } = flow.channelTemplate
  return { ref: { apiVersion, kind, name, namespace: flow.namespace } }
}

/** A subscription to one of the flow's channels. */
export function toSubscription(
  flow: Flow,
  owner: OwnerReference,
  {
    name,
    channel,
    ...rest
  }: {
    name: string
    channel: string
    subscriber?: Destination
    reply?: Destination
    delivery?: DeliverySpec
  },
): SubscriptionResource {
  return {
    ...common(flow, owner, name),
    kind: 'Subscription',
    channel: { kind: kindOf(flow), name: channel },
    ...rest,
  }
}

function common(flow: Flow, owner: OwnerReference, name: string) {
  const { file, line, namespace } = flow
  return { file, line, namespace, name, labels: {}, annotations: {}, ownerReferences: [owner] }
}

/** The reader lets no other kind through. */
const kindOf = ({ channelTemplate }: Flow): ChannelResource['kind'] =>
  channelTemplate.kind === 'Channel' ? 'Channel' : 'InMemoryChannel'
