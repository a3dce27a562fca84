/** An EventType: a note that events of a type come from somewhere. */
import type { EventAttribute, EventTypeResource, ObjectReference } from './eventing-types.ts'
import { describe, type Field, isObject } from './field.ts'
import { readMetadata } from './metadata.ts'
import { readRequired, readText, refuseUnknown } from './read.ts'
import { type Spec, specOf } from './spec-defaults.ts'

const REQUIRED = ['type', 'source', 'specversion', 'id']

/** Reads and checks one `eventing.knative.dev/v1beta3` EventType. */
export function readEventType(root: Field, file: string): EventTypeResource {
  refuseUnknown(root, ['apiVersion', 'kind', 'metadata', 'spec', 'status'])
  const metadata = readMetadata(root, file)
  const spec = root.get('spec')
  refuseUnknown(spec, ['reference', 'description', 'attributes', 'variables'])
  const list = spec.get('attributes')
  const attributes = list.items().map(readAttribute)
  const missing = REQUIRED.filter(wanted => !attributes.some(({ name }) => name === wanted))
  if (missing.length > 0) {
    list.report(`missing field(s): ${missing.map(name => `attributes.${name}`).join(', ')}`)
  }
  const reference = readReference(spec.get('reference'), metadata.namespace)
  const description = readText(spec.get('description'))
  return {
    kind: 'EventType',
    ...metadata,
    attributes,
    ...(reference && { reference }),
    ...(description !== undefined && { description }),
    spec: withReference(specOf(metadata.document), metadata.namespace),
  }
}

function readAttribute(item: Field): EventAttribute {
  refuseUnknown(item, ['name', 'required', 'value'])
  const required = item.get('required')
  if (required.value !== undefined && typeof required.value !== 'boolean') {
    required.report(`must be true or false, got ${describe(required.value)}`)
  }
  const value = readText(item.get('value'))
  return {
    name: readRequired(item.get('name')),
    required: required.value === true,
    ...(value !== undefined && { value }),
  }
}

function readReference(field: Field, namespace: string): ObjectReference | undefined {
  if (!isObject(field.value)) return undefined
  refuseUnknown(field, ['apiVersion', 'kind', 'name', 'namespace'])
  return {
    apiVersion: readRequired(field.get('apiVersion')),
    kind: readRequired(field.get('kind')),
    name: readRequired(field.get('name')),
    namespace: readText(field.get('namespace')) ?? namespace,
  }
}

function withReference(spec: Spec, namespace: string): Spec {
  return isObject(spec.reference)
    ? {
        ...spec,
        reference: { ...spec.reference, namespace: spec.reference.namespace || namespace },
      }
    : spec
}
