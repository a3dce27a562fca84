/** What the controllers would make of a resource: its conditions and status, and with them whether it takes part. */

import type {
  BrokerResource,
  ChannelResource,
  Destination,
  SubscriptionResource,
  TriggerResource,
} from '../manifests/types.ts'
import { resolveDeadLetterSink } from './dead-letter-sink.ts'
import { brokerUrl, channelUrl } from './hub.ts'
import type { PolicyObject } from './policy/identity.ts'
import type { Mark, Reconciled, World } from './reconciled.ts'
import { type ObjectReference, type Resolution, resolve } from './resolve.ts'

/** `pkg/reconciler/broker/broker.go`. */
export function reconcileBroker(resource: BrokerResource, world: World): Reconciled {
  const { namespace, name } = resource
  const sink = resolveDeadLetterSink(resource.delivery, world)
  const channel = { namespace, name: `${name}-kne-trigger` }
  const target = { group: 'eventing.knative.dev', kind: 'Broker', namespace, name }
  const policies = policiesOf(target, world)
  return {
    marks: [
      ['IngressReady', 'True'],
      ['TriggerChannelReady', 'True'],
      ['FilterReady', 'True'],
      ['Addressable', 'True'],
      sink.mark,
      policies.mark,
    ],
    status: {
      address: world.access().address(target, brokerUrl(resource)),
      annotations: {
        'knative.dev/channelAPIVersion': 'messaging.knative.dev/v1',
        'knative.dev/channelKind': 'InMemoryChannel',
        'knative.dev/channelName': channel.name,
        'knative.dev/channelAddress': channelUrl(channel),
      },
      ...sink.status,
      ...policies.status,
    },
    ...sink.resolved,
  }
}

/** `pkg/reconciler/channel` and `inmemorychannel/controller`. */
export function reconcileChannel(resource: ChannelResource, world: World): Reconciled {
  const { namespace, name, kind } = resource
  const sink = resolveDeadLetterSink(resource.delivery, world)
  const backed = ['ServiceReady', 'EndpointsReady', 'ChannelServiceReady', 'DispatcherReady']
  const own: Mark[] =
    kind === 'Channel'
      ? [['BackingChannelReady', 'True']]
      : backed.map((type): Mark => [type, 'True'])
  const target = { group: 'messaging.knative.dev', kind, namespace, name }
  const policies = policiesOf(target, world)
  return {
    marks: [...own, ['Addressable', 'True'], sink.mark, policies.mark],
    status: {
      address: world.access().address(target, channelUrl(resource)),
      ...(kind === 'Channel' && {
        channel: {
          apiVersion: 'messaging.knative.dev/v1',
          kind: 'InMemoryChannel',
          name,
          namespace,
        },
      }),
      ...sink.status,
      ...policies.status,
    },
    ...sink.resolved,
  }
}

/** `pkg/reconciler/broker/trigger/trigger.go`, in its order: what comes after a failure stays unknown. */
export function reconcileTrigger(resource: TriggerResource, world: World): Reconciled {
  const { namespace, broker: name } = resource
  const marks: Mark[] = []
  const broker = world.broker(namespace, name)
  if (!broker) {
    marks.push(['BrokerReady', 'False', 'BrokerDoesNotExist', `Broker "${name}" does not exist`])
    return { marks, status: {} }
  }
  const [, status, reason, message] = broker.ready
  marks.push(['BrokerReady', status, reason, message])
  if (status !== 'True') return { marks, status: {} }
  const subscriber = resolve(resource.subscriber, world.resolveRef)
  const own = resource.delivery?.deadLetterSink ? resource.delivery : broker.resource.delivery
  const sink = resolveDeadLetterSink(own, world)
  if ('error' in subscriber) {
    marks.push(['SubscriberResolved', 'False', UNRESOLVED, subscriber.error])
    // What the channel knows of an earlier state of things stays in force.
    return { marks, status: {}, ...sink.resolved }
  }
  marks.push(['SubscriberResolved', 'True'])
  const found = { url: subscriber.url, ...sink.resolved }
  const target = { group: 'eventing.knative.dev', kind: 'Trigger', namespace, name: resource.name }
  const identity = identityOf(target, world)
  const fields = { subscriberUri: subscriber.url, ...sink.status, ...identity.status }
  marks.push(sink.mark)
  if (sink.mark[1] !== 'True') return { marks, status: fields, ...found }
  marks.push(identity.mark, ['SubscriptionReady', 'True'], dependency(resource, world))
  return { marks, status: fields, ...found }
}

/** `pkg/reconciler/subscription/subscription.go`. */
export function reconcileSubscription(resource: SubscriptionResource, world: World): Reconciled {
  const { namespace, channel: reference, delivery } = resource
  const channel = world.channel(reference.kind, namespace, reference.name)
  const own = delivery?.deadLetterSink ? delivery : channel?.resource.delivery
  const sink = resolveDeadLetterSink(own, world)
  const unresolved = (reason: string, message: string): Reconciled => ({
    marks: [['ReferencesResolved', 'False', reason, message]],
    status: {},
    ...sink.resolved,
  })
  if (!channel) {
    const kind = reference.kind.toLowerCase()
    return unresolved(
      'ChannelReferenceFailed',
      `Failed to get Spec.Channel or backing channel: ${kind}s.messaging.knative.dev "${reference.name}" not found`,
    )
  }
  const subscriber = optional(resource.subscriber, world, 'subscriber')
  if (subscriber && 'error' in subscriber) {
    return unresolved(
      'SubscriberResolveFailed',
      `Failed to resolve spec.subscriber: ${subscriber.error}`,
    )
  }
  const reply = optional(resource.reply, world, 'reply')
  if (reply && 'error' in reply) {
    return unresolved('ReplyResolveFailed', `Failed to resolve spec.reply: ${reply.error}`)
  }
  if (sink.mark[1] !== 'True') {
    const why = `Failed to resolve spec.delivery.deadLetterSink: ${sink.mark[3]}`
    return unresolved('DeadLetterSinkResolveFailed', why)
  }
  const physicalSubscription = {
    ...(subscriber && { subscriberUri: subscriber.url }),
    ...(reply && { replyUri: reply.url }),
    ...sink.status,
  }
  const [, status, reason, message] = channel.ready
  const target = { group: 'messaging.knative.dev', kind: 'Subscription', namespace }
  const identity = identityOf({ ...target, name: resource.name }, world)
  return {
    marks: [
      ['ReferencesResolved', 'True'],
      ['AddedToChannel', 'True'],
      ['ChannelReady', status, reason, message],
      identity.mark,
    ],
    status: { physicalSubscription, ...identity.status },
    ...(subscriber && { url: subscriber.url }),
    ...(reply && { replyUrl: reply.url }),
    ...sink.resolved,
  }
}

const UNRESOLVED = "Unable to get the Subscriber's URI"
const DEPENDENCY = 'knative.dev/dependency'

function policiesOf(target: PolicyObject, world: World) {
  const { why, status } = world.access().policies(target)
  const mark: Mark = ['EventPoliciesReady', 'True', why.reason, why.message]
  return { mark, status }
}

function identityOf(owner: PolicyObject, world: World) {
  const { why, status } = world.access().identity(owner)
  const mark: Mark = ['OIDCIdentityCreated', 'True', why.reason, why.message]
  return { mark, status }
}

function optional(
  destination: Destination | undefined,
  world: World,
  field: string,
): Resolution | undefined {
  return destination && resolve(destination, world.resolveRef, field)
}

/** A source that must be ready before its Trigger is. */
function dependency({ namespace, annotations }: TriggerResource, world: World): Mark {
  const type = 'DependencyReady'
  const written = annotations[DEPENDENCY]
  if (written === undefined) return [type, 'True']
  let reference: ObjectReference
  try {
    reference = { ...(JSON.parse(written) as ObjectReference), namespace }
  } catch (error) {
    const why = `Unable to unmarshal objectReference from dependency annotation of trigger: ${error}`
    return [type, 'False', 'ReferenceError', why]
  }
  const ready = world.readinessOf(reference)
  const { kind, name } = reference
  if (!ready) {
    return [type, 'False', 'DependencyDoesNotExist', `Dependency does not exist: ${kind} "${name}"`]
  }
  const { status, reason = `${kind}NotReady`, message = `${kind} "${name}" is not ready` } = ready
  return status === 'True' ? [type, status] : [type, status, reason, message]
}
