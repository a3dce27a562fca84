/** The CustomResourceDefinitions of the kinds that the emulator runs: `kn source list-types` looks them up. */
import type { Clock } from '../clock.ts'
import { KINDS, type Kind, toApiVersion } from './kinds.ts'
import { createIdentity, type KubeObject } from './object.ts'
import type { ObjectSource } from './part.ts'
import { toResource } from './status-error.ts'

/** Labels by which clients find kinds of a certain shape. */
const LABELS: Readonly<Record<string, string>> = {
  'sources.knative.dev': 'duck.knative.dev/source',
  'messaging.knative.dev': 'messaging.knative.dev/subscribable',
}

/** One definition per kind of Knative. They never change. */
export function createDefinitions(clock: Clock): ObjectSource {
  const objects = KINDS.filter(({ group }) => group.endsWith('.knative.dev')).map(kind =>
    toDefinition(kind, clock),
  )
  return { objects: () => objects, onChange: () => () => {} }
}

function toDefinition(kind: Kind, clock: Clock): KubeObject {
  const { group, kind: name, plural, shortNames, categories, versions, namespaced } = kind
  const label = name === 'Subscription' ? undefined : LABELS[group]
  const { uid, creationTimestamp } = createIdentity(clock, {})
  return {
    apiVersion: toApiVersion({ ...kind, group: 'apiextensions.k8s.io' }, 'v1'),
    kind: 'CustomResourceDefinition',
    metadata: {
      name: toResource(kind),
      namespace: '',
      uid,
      generation: 1,
      creationTimestamp,
      labels: { ...(label && { [label]: 'true' }) },
    },
    spec: {
      group,
      scope: namespaced ? 'Namespaced' : 'Cluster',
      names: { kind: name, plural, singular: name.toLowerCase(), shortNames, categories },
      versions: versions.map((version, index) => ({
        name: version,
        served: true,
        storage: index === 0,
        schema: {
          openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        },
        subresources: { status: {} },
      })),
    },
  }
}
