/** The conditions that sources have in common. */
import type { EventingObject } from '../../manifests/eventing-types.ts'
import type { Destination } from '../../manifests/types.ts'
import type { Surroundings } from '../controller.ts'
import type { Held } from '../shelf.ts'

/** Says who a source is; its `status.auth`. */
export function markIdentity<R extends EventingObject & { readonly kind: string }>(
  { conditions, resource }: Held<R>,
  { identity }: Surroundings,
): { readonly auth?: unknown } {
  const { kind, namespace, name } = resource
  const { why, status } = identity({ group: 'sources.knative.dev', kind, namespace, name })
  conditions.set('OIDCIdentityCreated', 'True', why)
  return status
}

/** Says where a source's events go; undefined when that is nowhere yet. */
export function markSink<R extends EventingObject>(
  { conditions, resource }: Held<R>,
  surroundings: Surroundings,
  sink: Destination,
): string | undefined {
  const found = surroundings.resolve(sink, 'sink')
  if ('url' in found) {
    conditions.set('SinkProvided', 'True')
    return found.url
  }
  const message = `${found.error} (sink of ${resource.namespace}/${resource.name})`
  conditions.set('SinkProvided', 'False', { reason: 'NotFound', message })
  return undefined
}
