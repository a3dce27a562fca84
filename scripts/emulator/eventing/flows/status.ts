/** How a flow stands, from how its channels and subscriptions stand: `pkg/apis/flows/v1/*_lifecycle.go`. */
import type { Condition } from '../../control/conditions.ts'
import type { KubeObject } from '../../control/object.ts'
import type { ParallelResource, SequenceResource } from '../../manifests/eventing-types.ts'
import type { ChannelResource, SubscriptionResource } from '../../manifests/types.ts'
import type { Surroundings } from '../controller.ts'
import { findObject, readyOf } from '../find-object.ts'
import { channelUrl } from '../hub.ts'
import type { Held } from '../shelf.ts'
import type { FlowParts } from './parts.ts'

/** What the status of a flow is made from. */
export interface Sight {
  readonly world: readonly KubeObject[]
  readonly toAddress: Surroundings['address']
}

type Part = ChannelResource | SubscriptionResource

/** Conditions, address and the status of each part. */
export function markSequence(
  held: Held<SequenceResource>,
  parts: FlowParts,
  { world, toAddress }: Sight,
): void {
  // A Sequence that waits is not yet ready; a Parallel that waits has failed. So the implementation has it.
  const { channels, subscriptions } = markParts(held, parts, world, 'Unknown')
  held.status = {
    ...address(parts, toAddress),
    channelStatuses: channels.map(each => ({ channel: each.reference, ready: each.ready })),
    subscriptionStatuses: subscriptions.map(each => ({
      subscription: each.reference,
      ready: each.ready,
    })),
  }
}

/** Conditions, address and the status of each branch. */
export function markParallel(
  held: Held<ParallelResource>,
  parts: FlowParts,
  { world, toAddress }: Sight,
): void {
  const { channels, subscriptions } = markParts(held, parts, world, 'False')
  const [front, ...branches] = channels
  held.status = {
    ...address(parts, toAddress),
    ...(front && { ingressChannelStatus: { channel: front.reference, ready: front.ready } }),
    branchStatuses: branches.map(({ reference, ready }, index) => ({
      filterChannelStatus: { channel: reference, ready },
      filterSubscriptionStatus: toSubscription(subscriptions[2 * index]),
      subscriberSubscriptionStatus: toSubscription(subscriptions[2 * index + 1]),
    })),
  }
}

interface Look {
  readonly reference: Readonly<Record<'apiVersion' | 'kind' | 'name' | 'namespace', string>>
  readonly ready: Condition | undefined
}

function markParts(
  { conditions }: Held<SequenceResource> | Held<ParallelResource>,
  parts: FlowParts,
  world: readonly KubeObject[],
  waiting: 'Unknown' | 'False',
): { channels: readonly Look[]; subscriptions: readonly Look[] } {
  const channels = parts.channels.map(part => look(part, world))
  const subscriptions = parts.subscriptions.map(part => look(part, world))
  const mark = (type: string, looks: readonly Look[], noun: string): void => {
    if (looks.every(({ ready }) => ready?.status === 'True')) conditions.set(type, 'True')
    else {
      const message = `${noun} are not ready yet, or there are none`
      conditions.set(type, waiting, { reason: `${noun}NotReady`, message })
    }
  }
  mark('ChannelsReady', channels, 'Channels')
  mark('SubscriptionsReady', subscriptions, 'Subscriptions')
  conditions.set('Addressable', 'True')
  return { channels, subscriptions }
}

function look({ kind, name, namespace }: Part, world: readonly KubeObject[]): Look {
  const reference = { apiVersion: 'messaging.knative.dev/v1', kind, name, namespace }
  return { reference, ready: readyOf(findObject(world, reference)) }
}

const toSubscription = (seen: Look | undefined): unknown =>
  seen && { subscription: seen.reference, ready: seen.ready }

/** A flow is sent to at its first channel, and so has that one's audience. */
function address(
  { channels: [front] }: FlowParts,
  toAddress: Surroundings['address'],
): Readonly<Record<string, unknown>> {
  if (!front) return {}
  const { kind, namespace, name } = front
  const target = { group: 'messaging.knative.dev', kind, namespace, name }
  return { address: toAddress(target, channelUrl(front)) }
}
