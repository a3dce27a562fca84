/** How a flow stands, from how its channels and subscriptions stand: `pkg/apis/flows/v1/*_lifecycle.go`. */
import type { Condition } from '../../control/conditions.ts'
import type { KubeObject } from '../../control/object.ts'
import type { ParallelResource, SequenceResource } from '../../manifests/eventing-types.ts'
import type { ChannelResource, SubscriptionResource } from '../../manifests/types.ts'
import { type Held, readyOf } from '../controller.ts'
import { channelUrl } from '../hub.ts'
import type { FlowParts } from './parts.ts'

type Part = ChannelResource | SubscriptionResource

/** Conditions, address and the status of each part. */
export function markSequence(
  held: Held<SequenceResource>,
  parts: FlowParts,
  world: readonly KubeObject[],
): void {
  const channels = parts.channels.map(part => look(part, world))
  const subscriptions = parts.subscriptions.map(part => look(part, world))
  // A Sequence that waits is not yet ready; a Parallel that waits has failed. So the implementation has it.
  markCommon(held, channels, subscriptions, 'Unknown')
  held.status = {
    ...address(parts),
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
  world: readonly KubeObject[],
): void {
  const channels = parts.channels.map(part => look(part, world))
  const subscriptions = parts.subscriptions.map(part => look(part, world))
  markCommon(held, channels, subscriptions, 'False')
  const [front, ...branches] = channels
  held.status = {
    ...address(parts),
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

function markCommon(
  { conditions }: Held<SequenceResource> | Held<ParallelResource>,
  channels: readonly Look[],
  subscriptions: readonly Look[],
  waiting: 'Unknown' | 'False',
): void {
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
}

function look({ kind, name, namespace }: Part, world: readonly KubeObject[]): Look {
  const object = world.find(
    ({ apiVersion, kind: other, metadata }) =>
      apiVersion.startsWith('messaging.') &&
      other === kind &&
      metadata.name === name &&
      metadata.namespace === namespace,
  )
  const reference = { apiVersion: 'messaging.knative.dev/v1', kind, name, namespace }
  return { reference, ready: readyOf(object) }
}

const toSubscription = (seen: Look | undefined): unknown =>
  seen && { subscription: seen.reference, ready: seen.ready }

function address({ channels: [front] }: FlowParts): Readonly<Record<string, unknown>> {
  return front ? { address: { name: 'http', url: channelUrl(front) } } : {}
}
