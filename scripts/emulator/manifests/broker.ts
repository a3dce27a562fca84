/** A Broker: where events are published, and how they are delivered by default. */
import { readDelivery } from './delivery.ts'
import type { Field } from './field.ts'
import { readMetadata } from './metadata.ts'
import { refuseUnknown } from './read.ts'
import type { BrokerResource } from './types.ts'

/** Reads and checks one `eventing.knative.dev/v1` Broker. */
export function readBroker(root: Field, file: string): BrokerResource {
  refuseUnknown(root, ['apiVersion', 'kind', 'metadata', 'spec', 'status'])
  const metadata = readMetadata(root, file)
  const spec = root.get('spec')
  refuseUnknown(spec, ['config', 'delivery'])
  const delivery = readDelivery(spec.get('delivery'), metadata.namespace)
  return { ...metadata, ...(delivery && { delivery }) }
}
