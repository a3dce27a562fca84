/** A Subscription: which events of a Channel go to which subscriber, and where its answers go. */
import { readDelivery, readDestination } from './delivery.ts'
import type { Field } from './field.ts'
import { readMetadata } from './metadata.ts'
import { readRequired, readText, refuseUnknown } from './read.ts'
import type { Destination, SubscriptionResource } from './types.ts'

/** Reads and checks one `messaging.knative.dev/v1` Subscription. */
export function readSubscription(root: Field, file: string): SubscriptionResource {
  refuseUnknown(root, ['apiVersion', 'kind', 'metadata', 'spec', 'status'])
  const metadata = readMetadata(root, file)
  const spec = root.get('spec')
  refuseUnknown(spec, ['channel', 'subscriber', 'reply', 'delivery'])
  const channel = readChannelReference(spec.get('channel'), metadata.namespace)
  const subscriber = readOptional(spec.get('subscriber'), metadata.namespace)
  const reply = readOptional(spec.get('reply'), metadata.namespace)
  if (!subscriber && !reply) {
    spec.report(
      'missing field(s) reply, subscriber: the Subscription must reference at least one of (reply or a subscriber)',
    )
  }
  const delivery = readDelivery(spec.get('delivery'), metadata.namespace)
  return {
    kind: 'Subscription',
    ...metadata,
    channel,
    ...(subscriber && { subscriber }),
    ...(reply && { reply }),
    ...(delivery && { delivery }),
  }
}

function readChannelReference(field: Field, namespace: string): SubscriptionResource['channel'] {
  if (field.value === undefined || field.value === null) {
    field.report('missing field(s): the Subscription must reference a channel')
    return { kind: 'Channel', name: '' }
  }
  refuseUnknown(field, ['apiVersion', 'kind', 'name', 'namespace'], ['group', 'address'])
  const apiVersion = readRequired(field.get('apiVersion'))
  const kind = readRequired(field.get('kind'))
  const name = readRequired(field.get('name'))
  const elsewhere = readText(field.get('namespace'))
  if (elsewhere !== undefined && elsewhere !== namespace) {
    field.get('namespace').report('only channels of the Subscription namespace can be referenced')
  }
  const known = kind === 'Channel' || kind === 'InMemoryChannel'
  if (!known || apiVersion !== 'messaging.knative.dev/v1') {
    if (apiVersion !== '' && kind !== '') {
      field.report(
        `must be a messaging.knative.dev/v1 Channel or InMemoryChannel, got ${apiVersion} ${kind}`,
      )
    }
    return { kind: 'Channel', name }
  }
  return { kind, name }
}

/** An empty mapping counts as none, as in Knative's defaulting. */
function readOptional(field: Field, namespace: string): Destination | undefined {
  const { value } = field
  if (value === undefined || value === null) return undefined
  if (typeof value === 'object' && Object.keys(value).length === 0) return undefined
  return readDestination(field, namespace)
}
