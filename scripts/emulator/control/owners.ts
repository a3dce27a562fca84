/** The owners that a client wrote into an object: parts show only those that they make themselves. */
import { isObject } from '../manifests/field.ts'
import type { Document } from './admission.ts'
import { findKind, type Kind } from './kinds.ts'
import type { KubeObject, ObjectMeta } from './object.ts'
import { keyOf, type Reference, toMetadata } from './reference.ts'

/** Written owners by object. */
export interface Owners {
  note(reference: Reference, document: Document): void
  forget(reference: Reference): void
  /** Names the owners' uids anew: those of files have others after a restart. */
  renew(uidOf: (owner: Reference) => string | undefined): void
  /** Objects none of whose owners is there any more, as far as the kinds of these are known. */
  orphans(isThere: (owner: Reference) => boolean): Reference[]
  /** The object with its written owners, unless it has made ones. */
  decorate(kind: Kind, object: KubeObject): KubeObject
}

/** Nothing is owned yet. */
export function createOwners(): Owners {
  const written = new Map<string, { readonly reference: Reference; ownerReferences: unknown }>()
  return {
    note(reference, document) {
      const { ownerReferences } = toMetadata(document)
      const key = keyOf(reference.kind, reference)
      if (ownerReferences) written.set(key, { reference, ownerReferences })
      else written.delete(key)
    },
    forget: reference => void written.delete(keyOf(reference.kind, reference)),
    renew(uidOf) {
      for (const item of written.values()) {
        if (!Array.isArray(item.ownerReferences)) continue
        item.ownerReferences = item.ownerReferences.map((owner: unknown) => {
          const reference = isObject(owner) ? toOwner(owner, item.reference) : undefined
          const uid = reference && uidOf(reference)
          return isObject(owner) && uid !== undefined ? { ...owner, uid } : owner
        })
      }
    },
    orphans: isThere =>
      [...written.values()].flatMap(({ reference, ownerReferences }) => {
        const owners: unknown[] = Array.isArray(ownerReferences) ? ownerReferences : []
        const isGone = (each: unknown): boolean => {
          const owner = isObject(each) ? toOwner(each, reference) : undefined
          // What a part makes may come back later, under another name.
          return owner !== undefined && owner.kind.role !== 'made' && !isThere(owner)
        }
        return owners.length > 0 && owners.every(isGone) ? [reference] : []
      }),
    decorate(kind, object) {
      const { ownerReferences } = written.get(keyOf(kind, object.metadata)) ?? {}
      if (ownerReferences === undefined) return object
      if (kind.role === 'run' && object.metadata.ownerReferences) return object
      // As a client wrote it; it is only shown and compared by uid.
      return { ...object, metadata: { ...object.metadata, ownerReferences } as ObjectMeta }
    },
  }
}

/** An owner is in the namespace of what it owns, or in none. */
function toOwner(
  { apiVersion, kind: name, name: owner }: Readonly<Record<string, unknown>>,
  { namespace }: Reference,
): Reference | undefined {
  const kind = findKind(String(apiVersion), String(name))
  return kind && { kind, namespace: kind.namespaced ? namespace : '', name: String(owner) }
}
