/** The owners that a client wrote into an object: parts show only those that they make themselves. */
import type { Document } from './admission.ts'
import type { Kind } from './kinds.ts'
import type { KubeObject, ObjectMeta } from './object.ts'
import { keyOf, type Reference, toMetadata } from './reference.ts'

/** Written owners by object. */
export interface Owners {
  note(reference: Reference, document: Document): void
  forget(reference: Reference): void
  /** The object with its written owners, unless it has made ones. */
  decorate(kind: Kind, object: KubeObject): KubeObject
}

/** Nothing is owned yet. */
export function createOwners(): Owners {
  const written = new Map<string, unknown>()
  return {
    note(reference, document) {
      const { ownerReferences } = toMetadata(document)
      const key = keyOf(reference.kind, reference)
      if (ownerReferences) written.set(key, ownerReferences)
      else written.delete(key)
    },
    forget: reference => void written.delete(keyOf(reference.kind, reference)),
    decorate(kind, object) {
      const ownerReferences = written.get(keyOf(kind, object.metadata))
      if (ownerReferences === undefined || object.metadata.ownerReferences) return object
      // As a client wrote it; it is only shown and compared by uid.
      return { ...object, metadata: { ...object.metadata, ownerReferences } as ObjectMeta }
    },
  }
}
