/** A ContainerSource: a process of the user's own that sends events. */
import type { ContainerSourceResource } from './eventing-types.ts'
import type { Field } from './field.ts'
import { readMetadata } from './metadata.ts'
import { readPodTemplate } from './pod-template.ts'
import { refuseUnknown } from './read.ts'
import { readSource, SOURCE_FIELDS, withSink } from './source.ts'
import { specOf } from './spec-defaults.ts'

/** Reads and checks one `sources.knative.dev/v1` ContainerSource. */
export function readContainerSource(root: Field, file: string): ContainerSourceResource {
  refuseUnknown(root, ['apiVersion', 'kind', 'metadata', 'spec', 'status'])
  const metadata = readMetadata(root, file)
  const { namespace } = metadata
  const spec = root.get('spec')
  refuseUnknown(spec, ['template', ...SOURCE_FIELDS])
  const template = spec.get('template')
  for (const container of template.get('spec').get('containers').items()) {
    if (!container.get('name').value) container.get('name').report('missing field(s)')
  }
  return {
    kind: 'ContainerSource',
    ...metadata,
    ...readSource(spec, namespace),
    template: readPodTemplate(template),
    spec: withSink(specOf(metadata.document), namespace),
  }
}
