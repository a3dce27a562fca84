/** An ApiServerSource: the changes of objects as events. */
import type { ApiServerSourceResource, WatchedKind } from './eventing-types.ts'
import { type Field, isObject } from './field.ts'
import { readLabelSelector } from './label-selector.ts'
import { readMetadata } from './metadata.ts'
import { readRequired, readText, refuseUnknown } from './read.ts'
import { readSource, SOURCE_FIELDS, withSink } from './source.ts'
import { specOf } from './spec-defaults.ts'

const FIELDS = ['resources', 'mode', 'owner', 'serviceAccountName', 'namespaceSelector', 'filters']

/** Reads and checks one `sources.knative.dev/v1` ApiServerSource. */
export function readApiServerSource(root: Field, file: string): ApiServerSourceResource {
  refuseUnknown(root, ['apiVersion', 'kind', 'metadata', 'spec', 'status'])
  const metadata = readMetadata(root, file)
  const { namespace } = metadata
  const spec = root.get('spec')
  refuseUnknown(spec, [...FIELDS, ...SOURCE_FIELDS])
  const resources = spec.get('resources').items()
  if (resources.length === 0) spec.get('resources').report('missing field(s)')
  const mode = readText(spec.get('mode')) || 'Reference'
  if (mode !== 'Reference' && mode !== 'Resource') {
    spec.get('mode').report(`invalid value: ${mode}`)
  }
  if (spec.get('filters').items().length > 0) {
    spec
      .get('filters')
      .report('Filters is not empty but the NewAPIServerFilters feature is disabled.')
  }
  const owner = spec.get('owner')
  const serviceAccountName = readText(spec.get('serviceAccountName')) || 'default'
  return {
    kind: 'ApiServerSource',
    ...metadata,
    ...readSource(spec, namespace),
    mode: mode === 'Resource' ? mode : 'Reference',
    resources: resources.map(readWatched),
    allNamespaces: readNamespaces(spec.get('namespaceSelector')),
    ...(isObject(owner.value) && { owner: readType(owner) }),
    spec: withSink({ ...specOf(metadata.document), mode, serviceAccountName }, namespace),
  }
}

function readWatched(item: Field): WatchedKind {
  refuseUnknown(item, ['apiVersion', 'kind', 'selector'])
  const selector = item.get('selector')
  return {
    ...readType(item),
    ...(isObject(selector.value) && { selector: readLabelSelector(selector) }),
  }
}

const readType = (field: Field): { apiVersion: string; kind: string } => ({
  apiVersion: readRequired(field.get('apiVersion')),
  kind: readRequired(field.get('kind')),
})

/** An empty selector means every namespace; namespaces have no labels here that another could choose by. */
function readNamespaces(field: Field): boolean {
  if (!isObject(field.value)) return false
  const { matchLabels, matchExpressions } = readLabelSelector(field)
  if (Object.keys(matchLabels).length + matchExpressions.length > 0) {
    field.report('the emulator selects no namespaces by label: leave it empty for all, or out')
  }
  return true
}
