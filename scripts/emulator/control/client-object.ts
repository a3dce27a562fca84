/** One object of a client as it is kept on the disk. */

import type { StoredValue } from '../keyed-store.ts'
import { isObject } from '../manifests/field.ts'
import type { Document } from './admission.ts'
import type { Entry } from './catalogue.ts'
import { findKind, type Kind } from './kinds.ts'
import type { Birth, KubeObject } from './object.ts'
import { type Reference, toMetadata } from './reference.ts'

/** An object of a client as a former run left it. */
export interface ClientObject {
  readonly reference: Reference
  readonly document: Document
  readonly born: Birth | undefined
}

/** What the server says of an object is no part of what a client wrote. */
const META_OF_SERVER = [
  'uid',
  'creationTimestamp',
  'generation',
  'resourceVersion',
  'managedFields',
  'selfLink',
]

/** What is kept of a written document, and of how it is shown. */
export function toStored(kind: Kind, document: Document, entry: Entry | undefined): StoredValue {
  const written = Object.entries(toMetadata(document)).filter(
    ([name]) => !META_OF_SERVER.includes(name),
  )
  const { status, ...content } = document
  const { uid, creationTimestamp, generation } = entry?.object.metadata ?? {}
  return {
    document: {
      ...content,
      // Of what nothing here acts on, it is content as all the rest.
      ...(kind.role !== 'run' && status !== undefined && { status }),
      metadata: Object.fromEntries(written),
    },
    ...(entry && { born: { uid, creationTimestamp, generation } }),
  }
}

/** The same again; undefined when it is of no known kind, or no object. */
export function fromStored({ document, born }: StoredValue): ClientObject | undefined {
  if (!isObject(document)) return undefined
  const kind = findKind(String(document.apiVersion), String(document.kind))
  const { namespace, name } = toMetadata(document)
  if (!kind) return undefined
  return {
    reference: {
      kind,
      namespace: kind.namespaced ? String(namespace ?? 'default') : '',
      name: String(name),
    },
    document,
    born: toBirth(born),
  }
}

/** An object that is kept and not shown, as far as that can be said; of none, none. */
export function toHidden(kept: ClientObject | undefined): Entry | undefined {
  if (!kept) return undefined
  const { reference, document, born } = kept
  const metadata = { ...toMetadata(document), ...born }
  return {
    kind: reference.kind,
    object: { ...document, metadata } as unknown as KubeObject,
    version: 0,
  }
}

function toBirth(born: unknown): Birth | undefined {
  if (!isObject(born)) return undefined
  const { uid, creationTimestamp, generation } = born as Partial<KubeObject['metadata']>
  if (typeof uid !== 'string' || typeof creationTimestamp !== 'string') return undefined
  return { uid, creationTimestamp, generation: typeof generation === 'number' ? generation : 1 }
}
