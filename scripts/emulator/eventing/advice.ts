/** Where a resource means something else than it seems to: the specification and Knative's implementation differ. */

import type { DeliverySpec } from '../manifests/types.ts'
import { type EventingResource, kindOf } from './admit.ts'

/** What to tell at apply time; the implementation's reading is the one that is followed. */
export function adviceOn(resource: EventingResource): string[] {
  const { delivery } = resource
  return [
    ...('filter' in resource && !resource.filters?.length ? ofFilter(resource.filter ?? {}) : []),
    ...(delivery ? ofDelivery(delivery, kindOf(resource)) : []),
    ...(kindOf(resource) === 'Broker' ? ofClass(resource.annotations) : []),
  ]
}

const CLASS = 'eventing.knative.dev/broker.class'
const OWN_CLASS = 'MTChannelBasedBroker'

function ofClass({ [CLASS]: wanted = OWN_CLASS }: Readonly<Record<string, string>>): string[] {
  return wanted === OWN_CLASS ? [] : [`class ${wanted} is emulated as ${OWN_CLASS}`]
}

function ofFilter(filter: Readonly<Record<string, string>>): string[] {
  return Object.entries(filter)
    .filter(([, value]) => value === '')
    .map(
      ([name]) =>
        `filter attribute "${name}" is the empty string, which wants any value but the empty one`,
    )
}

function ofDelivery(delivery: DeliverySpec, kind: string): string[] {
  const { retry, backoffPolicy, backoffDelayMs } = delivery
  const isSubscriber = kind === 'Trigger' || kind === 'Subscription'
  const owner = kind === 'Trigger' ? 'broker' : 'channel'
  const halves = [backoffPolicy !== undefined, backoffDelayMs !== undefined]
  return [
    ...(isSubscriber && retry === undefined
      ? [`its delivery replaces the ${owner}'s, so that without "retry" it is tried once`]
      : []),
    ...(backoffPolicy === 'linear' && backoffDelayMs && retry
      ? ['a linear back-off waits 0, 1, 2 … times the delay: its first retry is immediate']
      : []),
    ...(retry && halves[0] !== halves[1]
      ? ['retries do not wait at all unless backoffPolicy and backoffDelay are both set']
      : []),
  ]
}
