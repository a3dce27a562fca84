/** The kinds that nothing here acts on: kept as they were written, so that a whole folder applies and shows. */
import type { Clock } from '../clock.ts'
import type { References } from '../environment.ts'
import { isObject } from '../manifests/field.ts'
import type { ReadResource } from '../manifests/read-document.ts'
import { findKind, type Kind } from './kinds.ts'
import { type Birth, createIdentity, type Identity, type KubeObject } from './object.ts'
import type { Part } from './part.ts'
import { keyOf } from './reference.ts'

/** What is stored, and what functions read of it. */
export interface Stored extends Part, References {
  /** A namespace comes into being with the first object in it. */
  ensureNamespace(name: string): void
}

interface Item {
  readonly document: Readonly<Record<string, unknown>>
  readonly identity: Identity
  readonly object: KubeObject
}

const META_OF_SERVER = ['resourceVersion', 'managedFields', 'selfLink']

/** A store that holds the namespace `default` and nothing else. */
export function createStored(clock: Clock): Stored {
  const items = new Map<string, Item>()
  const listeners = new Set<() => void>()
  ensureNamespace('default')

  function put(kind: Kind, document: Readonly<Record<string, unknown>>, born?: Birth): void {
    const metadata = isObject(document.metadata) ? document.metadata : {}
    const namespace = kind.namespaced ? String(metadata.namespace ?? 'default') : ''
    const key = keyOf(kind, { namespace, name: String(metadata.name) })
    const before = items.get(key)
    const identity = before?.identity ?? createIdentity(clock, document.spec, born)
    identity.update(document.spec)
    const content = kind.kind === 'Secret' ? withStringData(document) : document
    items.set(key, { document, identity, object: toObject(content, metadata, namespace, identity) })
    for (const listener of listeners) listener()
  }

  function ensureNamespace(name: string): void {
    const kind = findKind('v1', 'Namespace')
    if (!kind || items.has(keyOf(kind, { namespace: '', name }))) return
    put(kind, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
      spec: {},
      status: { phase: 'Active' },
    })
  }

  function find(
    kind: string,
    namespace: string,
    name: string,
  ): Record<string, unknown> | undefined {
    const found = items.get(`/${kind}/${namespace}/${name}`)?.object
    const data: unknown = found && Reflect.get(found, 'data')
    return found && (isObject(data) ? data : {})
  }

  return {
    takes: ({ role }) => role === 'keep' || role === 'idle',
    apply({ resource }: ReadResource) {
      const document = 'document' in resource ? resource.document : undefined
      const kind = document && findKind(String(document.apiVersion), String(document.kind))
      if (document && kind) put(kind, document, resource.born)
    },
    remove(kind, namespace, name) {
      if (!items.delete(keyOf(kind, { namespace, name }))) return
      for (const listener of listeners) listener()
    },
    objects: () => [...items.values()].map(({ object }) => object),
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    ensureNamespace,
    configMap: (namespace, name) => toTexts(find('ConfigMap', namespace, name), String),
    secret: (namespace, name) =>
      toTexts(find('Secret', namespace, name), value =>
        Buffer.from(String(value), 'base64').toString('utf8'),
      ),
  }
}

function toObject(
  document: Readonly<Record<string, unknown>>,
  metadata: Readonly<Record<string, unknown>>,
  namespace: string,
  { uid, creationTimestamp, generation }: Identity,
): KubeObject {
  const written = Object.entries(metadata).filter(([key]) => !META_OF_SERVER.includes(key))
  const { apiVersion, kind, ...content } = document
  return {
    ...content,
    apiVersion: String(apiVersion),
    kind: String(kind),
    metadata: {
      ...Object.fromEntries(written),
      name: String(metadata.name),
      namespace,
      uid,
      creationTimestamp,
      generation: generation(),
    },
  }
}

/** `stringData` is for writing only: what is kept is `data`. */
function withStringData(
  document: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const { stringData, ...rest } = document
  const type = rest.type ?? 'Opaque'
  if (!isObject(stringData)) return { ...rest, type }
  const encoded = Object.entries(stringData).map(([key, value]) => [
    key,
    Buffer.from(String(value)).toString('base64'),
  ])
  const data = isObject(rest.data) ? rest.data : {}
  return { ...rest, type, data: { ...data, ...Object.fromEntries(encoded) } }
}

function toTexts(
  data: Record<string, unknown> | undefined,
  decode: (value: unknown) => string,
): Record<string, string> | undefined {
  return (
    data && Object.fromEntries(Object.entries(data).map(([key, value]) => [key, decode(value)]))
  )
}
