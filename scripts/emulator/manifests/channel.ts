/** A Channel: a queue that every Subscription to it gets the events of. */
import { readDelivery } from './delivery.ts'
import { describe, type Field } from './field.ts'
import { readMetadata } from './metadata.ts'
import { readRequired, refuseUnknown } from './read.ts'
import type { ChannelResource } from './types.ts'

/** Reads and checks one `messaging.knative.dev/v1` Channel. */
export function readChannel(root: Field, file: string): ChannelResource {
  const channel = readEither(root, file, 'Channel', ['channelTemplate', 'delivery'])
  const template = root.get('spec').get('channelTemplate')
  if (template.value === undefined) return channel
  const apiVersion = readRequired(template.get('apiVersion'))
  const kind = readRequired(template.get('kind'))
  if (apiVersion !== '' && kind !== '' && `${apiVersion}/${kind}` !== IN_MEMORY) {
    template.report(
      `the emulator backs a Channel by messaging.knative.dev/v1 InMemoryChannel, got ${apiVersion} ${kind}`,
    )
  }
  return channel
}

/** Reads and checks one `messaging.knative.dev/v1` InMemoryChannel. */
export function readInMemoryChannel(root: Field, file: string): ChannelResource {
  return readEither(root, file, 'InMemoryChannel', ['delivery'])
}

const IN_MEMORY = 'messaging.knative.dev/v1/InMemoryChannel'
const ASYNC_HANDLER = 'messaging.knative.dev/async-handler'

function readEither(
  root: Field,
  file: string,
  kind: ChannelResource['kind'],
  known: readonly string[],
): ChannelResource {
  refuseUnknown(root, ['apiVersion', 'kind', 'metadata', 'spec', 'status'])
  const metadata = readMetadata(root, file, { label: true })
  const spec = root.get('spec')
  // Subscribers are written by the controller, one for each Subscription.
  refuseUnknown(spec, known, ['subscribers'])
  const handler = metadata.annotations[ASYNC_HANDLER]
  if (handler !== undefined && handler !== 'true' && handler !== 'false') {
    root
      .get('metadata')
      .get('annotations')
      .get(ASYNC_HANDLER)
      .report(`invalid value: ${describe(handler)}`)
  }
  const delivery = readDelivery(spec.get('delivery'), metadata.namespace)
  return { kind, ...metadata, ...(delivery && { delivery }) }
}
