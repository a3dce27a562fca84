/** A RequestReply: an HTTP request that waits for the event which answers it. */
import { readDelivery } from './delivery.ts'
import { parseIsoDuration } from './duration.ts'
import type { RequestReplyResource } from './eventing-types.ts'
import type { Field } from './field.ts'
import { readMetadata } from './metadata.ts'
import { readRequired, readText, readTextList, refuseUnknown } from './read.ts'
import { specOf, withDeliveryNamespace } from './spec-defaults.ts'

/** The feature `requestreply-default-timeout` of a fresh installation. */
const DEFAULT_TIMEOUT = 'PT30S'
const CORE = ['id', 'source', 'specversion', 'type']

/** Reads and checks one `eventing.knative.dev/v1alpha1` RequestReply. */
export function readRequestReply(root: Field, file: string): RequestReplyResource {
  refuseUnknown(root, ['apiVersion', 'kind', 'metadata', 'spec', 'status'])
  const metadata = readMetadata(root, file)
  const { namespace } = metadata
  const spec = root.get('spec')
  refuseUnknown(spec, [
    'brokerRef',
    'correlationAttribute',
    'replyAttribute',
    'timeout',
    'delivery',
    'secrets',
  ])
  // Each RequestReply has a key of its own here, as on a cluster of today; names of older Secrets are only checked.
  readTextList(spec.get('secrets'))
  const correlationAttribute = readAttribute(spec.get('correlationAttribute'), 'correlationid')
  const replyAttribute = readAttribute(spec.get('replyAttribute'), 'replyid')
  const timeout = readText(spec.get('timeout')) || DEFAULT_TIMEOUT
  const timeoutMs = parseIsoDuration(timeout)
  if (!timeoutMs) spec.get('timeout').report(`invalid value: ${timeout}`)
  const delivery = readDelivery(spec.get('delivery'), namespace)
  return {
    kind: 'RequestReply',
    ...metadata,
    broker: readBrokerRef(spec.get('brokerRef')),
    correlationAttribute,
    replyAttribute,
    timeoutMs: timeoutMs ?? 0,
    ...(delivery && { delivery }),
    spec: withDeliveryNamespace(
      { ...specOf(metadata.document), correlationAttribute, replyAttribute, timeout },
      namespace,
    ),
  }
}

function readBrokerRef(field: Field): string {
  refuseUnknown(field, ['apiVersion', 'kind', 'name', 'address', 'group'], ['namespace'])
  const kind = readRequired(field.get('kind'))
  if (kind !== '' && kind.toLowerCase() !== 'broker') {
    field.get('kind').report(`invalid value: ${kind}: brokerRef kind must be Broker`)
  }
  readRequired(field.get('apiVersion'))
  return readRequired(field.get('name'))
}

function readAttribute(field: Field, fallback: string): string {
  const name = readText(field) || fallback
  const attribute = field.path.split('.').at(-1)?.toLowerCase()
  if (CORE.includes(name)) {
    field.report(
      `invalid value: ${name}: ${attribute} must be non-empty and cannot be a core cloudevent attribute (id, type, specversion, source)`,
    )
  } else if (!/^[a-z0-9]+$/.test(name)) field.report(`invalid value: ${name}`)
  return name
}
