/** Names of objects: what a document says it is, and whether it is the object that was asked for. */
import { isObject } from '../manifests/field.ts'
import type { ReadResource } from '../manifests/read-document.ts'
import type { Document } from './admission.ts'
import type { Entry } from './catalogue.ts'
import { isOlderEventType, toStoredSpec } from './event-type-version.ts'
import { findKind, type Kind, toApiVersion } from './kinds.ts'
import type { KubeObject } from './object.ts'
import { conflict, StatusError } from './status-error.ts'

/** Which object. The namespace of a kind without namespaces counts for nothing. */
export interface Reference {
  readonly kind: Kind
  readonly namespace: string
  readonly name: string
}

/** One text for each object. */
export const keyOf = (
  kind: Kind,
  { namespace, name }: { namespace: string; name: string },
): string => `${kind.group}/${kind.kind}/${kind.namespaced ? namespace : ''}/${name}`

/** `metadata`, or nothing. */
export const toMetadata = (document: Document): Readonly<Record<string, unknown>> =>
  isObject(document.metadata) ? document.metadata : {}

/** An object is a document with more in it. */
export const toDocument = (object: KubeObject): Document => object as unknown as Document

/**
 * Where a document belongs.
 * @throws StatusError when it has no name
 */
export function identify(kind: Kind, document: Document): Reference {
  const metadata = toMetadata(document)
  const namespace = kind.namespaced ? String(metadata.namespace ?? 'default') : ''
  const prefix = metadata.generateName
  const name =
    typeof metadata.name === 'string' && metadata.name !== ''
      ? metadata.name
      : typeof prefix === 'string'
        ? `${prefix}${crypto.randomUUID().slice(-5)}`
        : ''
  if (name === '') {
    throw new StatusError(
      'Invalid',
      `${kind.kind} is invalid: metadata.name: Required value: name or generateName is required`,
    )
  }
  return { kind, namespace, name }
}

/** Where a resource belongs; undefined when the API has no such kind. */
export function toReference({ kind: text, resource }: ReadResource): Reference | undefined {
  const slash = text.lastIndexOf('/')
  const kind = findKind(text.slice(0, slash), text.slice(slash + 1))
  return kind && { kind, namespace: kind.namespaced ? resource.namespace : '', name: resource.name }
}

/** The document with its place said, in the version that its kind is kept in. */
export function complete({ kind, namespace, name }: Reference, document: Document): Document {
  const metadata = { ...toMetadata(document), name, ...(kind.namespaced && { namespace }) }
  const apiVersion = toStored(kind, document)
  const version = String(document.apiVersion).split('/').at(-1) ?? ''
  const isOlder = apiVersion !== document.apiVersion && isOlderEventType(kind, version)
  const spec = isOlder ? { spec: toStoredSpec(document.spec) } : {}
  return { ...document, ...spec, apiVersion, metadata }
}

/**
 * What a client sends over an object must be about that object, as the client last saw it.
 * @throws StatusError
 */
export function assertSame(
  { kind, name, namespace }: Reference,
  before: Entry,
  document: Document,
): void {
  const metadata = toMetadata(document)
  if (metadata.name !== undefined && metadata.name !== name) {
    throw new StatusError(
      'BadRequest',
      `the name of the object (${metadata.name}) does not match the name on the URL (${name})`,
    )
  }
  if (kind.namespaced && metadata.namespace !== undefined && metadata.namespace !== namespace) {
    throw new StatusError(
      'BadRequest',
      `the namespace of the object (${metadata.namespace}) does not match the namespace on the request (${namespace})`,
    )
  }
  const { resourceVersion, uid } = metadata
  if (resourceVersion && resourceVersion !== String(before.version)) throw conflict(kind, name)
  if (uid !== undefined && uid !== before.object.metadata.uid) {
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${before.object.metadata.uid}`
    throw conflict(kind, name, why)
  }
}

/** All versions that are served say the same: objects are kept in the first. */
function toStored(kind: Kind, { apiVersion }: Document): unknown {
  const [stored = ''] = kind.versions
  const known = kind.versions.map(version => toApiVersion(kind, version))
  return known.includes(String(apiVersion)) ? toApiVersion(kind, stored) : apiVersion
}
