/** A Trigger: which events of which Broker go to which subscriber. */
import { readDelivery, readDestination } from './delivery.ts'
import type { Field } from './field.ts'
import { readMetadata } from './metadata.ts'
import { readRequired, readTextMap, refuseUnknown } from './read.ts'
import { readFilters } from './trigger-filters.ts'
import type { TriggerResource } from './types.ts'

const ATTRIBUTE_NAME = /^[a-z][a-z0-9]*$/

/** Reads and checks one `eventing.knative.dev/v1` Trigger. */
export function readTrigger(root: Field, file: string): TriggerResource {
  refuseUnknown(root, ['apiVersion', 'kind', 'metadata', 'spec', 'status'])
  const metadata = readMetadata(root, file)
  const spec = root.get('spec')
  // brokerRef belongs to the cross-namespace feature, which is off by default.
  refuseUnknown(spec, ['broker', 'filter', 'filters', 'subscriber', 'delivery'], ['brokerRef'])
  const broker = readRequired(spec.get('broker'))
  const filter = readFilter(spec.get('filter'))
  const filters = readFilters(spec.get('filters'))
  const subscriber = spec.get('subscriber')
  if (subscriber.value === undefined) subscriber.report('missing field(s)')
  const delivery = readDelivery(spec.get('delivery'), metadata.namespace)
  return {
    ...metadata,
    broker,
    ...(filter && { filter }),
    ...(filters && { filters }),
    subscriber:
      subscriber.value === undefined ? {} : readDestination(subscriber, metadata.namespace),
    ...(delivery && { delivery }),
  }
}

function readFilter(field: Field): Record<string, string> | undefined {
  if (field.value === undefined || field.value === null) return undefined
  refuseUnknown(field, ['attributes'])
  const attributes = field.get('attributes')
  for (const [name, member] of attributes.members()) {
    if (!ATTRIBUTE_NAME.test(name)) member.report(`invalid key name "${name}"`)
  }
  return readTextMap(attributes)
}
