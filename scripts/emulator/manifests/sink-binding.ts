/** A SinkBinding: tells processes where their events go. */
import type { BindingSubject, SinkBindingResource } from './eventing-types.ts'
import { type Field, isObject } from './field.ts'
import { readLabelSelector } from './label-selector.ts'
import { readMetadata } from './metadata.ts'
import { readRequired, readText, refuseUnknown } from './read.ts'
import { readSource, SOURCE_FIELDS, withSink } from './source.ts'
import { type Spec, specOf } from './spec-defaults.ts'

/** Reads and checks one `sources.knative.dev/v1` SinkBinding. */
export function readSinkBinding(root: Field, file: string): SinkBindingResource {
  refuseUnknown(root, ['apiVersion', 'kind', 'metadata', 'spec', 'status'])
  const metadata = readMetadata(root, file)
  const { namespace } = metadata
  const spec = root.get('spec')
  refuseUnknown(spec, ['subject', ...SOURCE_FIELDS])
  return {
    kind: 'SinkBinding',
    ...metadata,
    ...readSource(spec, namespace),
    subject: readSubject(spec.get('subject'), namespace),
    spec: withSubject(withSink(specOf(metadata.document), namespace), namespace),
  }
}

/** `tracker.Reference.Validate`: by name, or by labels. */
function readSubject(field: Field, namespace: string): BindingSubject {
  refuseUnknown(field, ['apiVersion', 'kind', 'namespace', 'name', 'selector'])
  const name = readText(field.get('name'))
  const selector = field.get('selector')
  if (name && selector.value !== undefined) {
    field.report('expected exactly one, got both: name, selector')
  } else if (!name && selector.value === undefined) {
    field.report('expected exactly one, got neither: name, selector')
  }
  const other = readText(field.get('namespace')) ?? namespace
  if (other !== namespace) field.get('namespace').report(`invalid value: ${other}`)
  return {
    apiVersion: readRequired(field.get('apiVersion')),
    kind: readRequired(field.get('kind')),
    ...(name && { name }),
    ...(!name && selector.value !== undefined && { selector: readLabelSelector(selector) }),
  }
}

function withSubject(spec: Spec, namespace: string): Spec {
  return isObject(spec.subject) ? { ...spec, subject: { ...spec.subject, namespace } } : spec
}
