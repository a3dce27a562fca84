/** OpenAPI documents of the API, as far as clients need them: which kinds take `fieldValidation`, so that it is asked
 * of the server and not done by the client. */
import type { Kind } from '../../control/kinds.ts'

/** The document of one group and version. */
export function toDocumentOf(kinds: readonly Kind[], root: string, version: string): unknown {
  return {
    openapi: '3.0.0',
    info: { title: 'aiwfe emulator', version: 'v1' },
    paths: Object.fromEntries(kinds.map(kind => [toPath(kind, root), toItem(kind, version)])),
    components: {
      schemas: Object.fromEntries(
        kinds.map(kind => [toSchemaName(kind, version), toSchema(kind, version)]),
      ),
    },
  }
}

const toPath = ({ namespaced, plural }: Kind, root: string): string =>
  `/${root}${namespaced ? '/namespaces/{namespace}' : ''}/${plural}/{name}`

const toGvk = ({ group, kind }: Kind, version: string): Record<string, string> => ({
  group,
  version,
  kind,
})

function toItem(kind: Kind, version: string): unknown {
  return {
    patch: {
      operationId: `patch${kind.kind}`,
      parameters: ['dryRun', 'fieldManager', 'fieldValidation', 'force'].map(name => ({
        name,
        in: 'query',
        schema: { type: name === 'force' ? 'boolean' : 'string', uniqueItems: true },
      })),
      responses: { '200': { description: 'OK' } },
      'x-kubernetes-action': 'patch',
      'x-kubernetes-group-version-kind': toGvk(kind, version),
    },
  }
}

const toSchemaName = ({ group, kind }: Kind, version: string): string =>
  [...(group === '' ? ['core'] : group.split('.').reverse()), version, kind].join('.')

function toSchema(kind: Kind, version: string): unknown {
  return {
    type: 'object',
    'x-kubernetes-group-version-kind': [toGvk(kind, version)],
    'x-kubernetes-preserve-unknown-fields': true,
  }
}
