/** An EventTransform: an event made of another by a JSONata expression. */
import { readDestination } from './delivery.ts'
import type { EventTransformResource } from './eventing-types.ts'
import { describe, type Field, isObject } from './field.ts'
import { readMetadata } from './metadata.ts'
import { readText, refuseUnknown } from './read.ts'
import { specOf, withNamespaces } from './spec-defaults.ts'

/** Reads and checks one `eventing.knative.dev/v1alpha1` EventTransform. */
export function readEventTransform(root: Field, file: string): EventTransformResource {
  refuseUnknown(root, ['apiVersion', 'kind', 'metadata', 'spec', 'status'])
  const metadata = readMetadata(root, file)
  const { namespace } = metadata
  const spec = root.get('spec')
  refuseUnknown(spec, ['jsonata', 'sink', 'reply'])
  const jsonata = spec.get('jsonata')
  if (!isObject(jsonata.value)) jsonata.report('expected exactly one, got neither')
  const sink = spec.get('sink')
  const hasSink = isObject(sink.value)
  if (hasSink && sink.get('CACerts').value !== undefined) {
    sink.get('CACerts').report('CACerts for the sink is not supported for JSONata transformations')
  }
  const reply = readReply(spec.get('reply'), hasSink)
  return {
    kind: 'EventTransform',
    ...metadata,
    expression: readExpression(jsonata),
    ...(hasSink && { sink: readDestination(sink, namespace) }),
    ...(reply && { reply }),
    spec: withNamespaces(specOf(metadata.document), ['sink'], namespace),
  }
}

function readExpression(jsonata: Field): string {
  refuseUnknown(jsonata, ['expression'])
  return readText(jsonata.get('expression')) ?? ''
}

function readReply(reply: Field, hasSink: boolean): EventTransformResource['reply'] {
  if (reply.value === undefined || reply.value === null) return undefined
  if (!hasSink) reply.report('reply is set without spec.sink')
  refuseUnknown(reply, ['jsonata', 'discard'])
  const discard = reply.get('discard')
  if (discard.value !== undefined && typeof discard.value !== 'boolean') {
    discard.report(`must be true or false, got ${describe(discard.value)}`)
  }
  const jsonata = reply.get('jsonata')
  const isDiscarded = discard.value === true
  if (isDiscarded && isObject(jsonata.value)) {
    reply.report('expected exactly one, got both: jsonata, discard')
  }
  return {
    discard: isDiscarded,
    ...(isObject(jsonata.value) && { expression: readExpression(jsonata) }),
  }
}
