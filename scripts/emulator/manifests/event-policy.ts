/** An EventPolicy: who may send which events to what. */
import type { EventPolicyResource, PolicySubject, PolicyTarget } from './eventing-types.ts'
import { type Field, isObject } from './field.ts'
import { readLabelSelector } from './label-selector.ts'
import { readMetadata } from './metadata.ts'
import { readRequired, readText, refuseUnknown } from './read.ts'
import { type Spec, specOf } from './spec-defaults.ts'
import { readFilters } from './trigger-filters.ts'

/** Reads and checks one `eventing.knative.dev/v1alpha1` EventPolicy. */
export function readEventPolicy(root: Field, file: string): EventPolicyResource {
  refuseUnknown(root, ['apiVersion', 'kind', 'metadata', 'spec', 'status'])
  const metadata = readMetadata(root, file)
  const { namespace } = metadata
  const spec = root.get('spec')
  refuseUnknown(spec, ['to', 'from', 'filters'])
  return {
    kind: 'EventPolicy',
    ...metadata,
    to: spec.get('to').items().flatMap(readTarget),
    from: spec
      .get('from')
      .items()
      .flatMap(item => readSubject(item, namespace)),
    filters: readFilters(spec.get('filters')) ?? [],
    spec: withNamespaces(specOf(metadata.document), namespace),
  }
}

function readTarget(item: Field): PolicyTarget[] {
  refuseUnknown(item, ['ref', 'selector'])
  const ref = item.get('ref')
  const selector = item.get('selector')
  const both = isObject(ref.value) && isObject(selector.value)
  if (both) item.report('expected exactly one, got both: ref, selector')
  if (isObject(ref.value)) {
    refuseUnknown(ref, ['apiVersion', 'kind', 'name'])
    return [{ ref: { ...readType(ref), name: readRequired(ref.get('name')) } }]
  }
  if (isObject(selector.value)) {
    return [{ selector: { ...readLabelSelector(selector, TYPE), ...readType(selector) } }]
  }
  item.report('expected exactly one, got neither: ref, selector')
  return []
}

const TYPE = ['apiVersion', 'kind']

const readType = (field: Field): { apiVersion: string; kind: string } => ({
  apiVersion: readRequired(field.get('apiVersion')),
  kind: readRequired(field.get('kind')),
})

function readSubject(item: Field, namespace: string): PolicySubject[] {
  refuseUnknown(item, ['ref', 'sub'])
  const ref = item.get('ref')
  const sub = readText(item.get('sub'))
  if (isObject(ref.value) && sub !== undefined) {
    item.report('expected exactly one, got both: ref, sub')
  }
  if (isObject(ref.value)) {
    refuseUnknown(ref, ['apiVersion', 'kind', 'name', 'namespace'])
    const name = readRequired(ref.get('name'))
    return [
      { ref: { ...readType(ref), name, namespace: readText(ref.get('namespace')) || namespace } },
    ]
  }
  if (!sub) {
    item.report('expected exactly one, got neither: ref, sub')
    return []
  }
  if (sub.slice(0, -1).includes('*')) {
    item.get('sub').report(`invalid value: ${sub}: '*' is only allowed as suffix`)
  }
  return [{ sub }]
}

/** `EventPolicySpec.SetDefaults`: a subject's ref is of the policy's own namespace unless it says otherwise. */
function withNamespaces(spec: Spec, namespace: string): Spec {
  if (!Array.isArray(spec.from)) return spec
  const from = spec.from.map((each: unknown) =>
    isObject(each) && isObject(each.ref)
      ? { ...each, ref: { ...each.ref, namespace: each.ref.namespace || namespace } }
      : each,
  )
  return { ...spec, from }
}
