/** Takes objects out, with all that they own and all that is inside them. */
import type { Catalogue, Entry } from './catalogue.ts'
import { toHidden } from './client-object.ts'
import type { ClientObjects } from './client-objects.ts'
import type { KubeObject } from './object.ts'
import type { Owners } from './owners.ts'
import type { Part } from './part.ts'
import type { Reference } from './reference.ts'

/** What removes. */
export interface Removal {
  /** An object that is shown, or one of a client that did not come back and can only be removed. */
  find(reference: Reference): Entry | undefined
  /** Returns when it is gone, from the disk first. @throws StatusError when the disk does not take it; nothing changed then */
  remove(reference: Reference): Promise<void>
}

/** Removes objects of `parts`. */
export function createRemoval({
  parts,
  catalogue,
  owners,
  clients,
}: {
  parts: readonly Part[]
  catalogue: Catalogue
  owners: Owners
  clients: ClientObjects
}): Removal {
  const shown = ({ kind, namespace, name }: Reference): Entry | undefined =>
    catalogue.get(kind, namespace, name)

  /** It and everything that goes with it, owners first. */
  function closure(first: Entry): Entry[] {
    const rest = new Set(catalogue.list())
    rest.delete(first)
    const found = [first]
    for (const { kind, object } of found) {
      const { uid, name } = object.metadata
      for (const other of rest) {
        const { metadata } = other.object
        const isOwned = metadata.ownerReferences?.some(owner => owner.uid === uid)
        const isInside = kind.kind === 'Namespace' && metadata.namespace === name
        if (!isOwned && !isInside) continue
        rest.delete(other)
        found.push(other)
      }
    }
    return found
  }

  async function take({ kind, object }: Entry): Promise<void> {
    const { namespace, name } = object.metadata
    // What is only stored may have been made by a part, too: a Job by a JobSink.
    const taker = kind.role === 'idle' ? undefined : parts.find(each => each.takes(kind))
    const part = taker ?? parts.find(each => isShownBy(each, object))
    await part?.remove(kind, namespace, name)
    owners.forget({ kind, namespace, name })
  }

  return {
    find: reference => shown(reference) ?? toHidden(clients.find(reference)),
    async remove(reference) {
      const entry = shown(reference)
      const gone = entry ? closure(entry) : []
      const inside = reference.kind.kind === 'Namespace' ? clients.inside(reference.name) : []
      const shownOnes = gone.map(({ kind, object }) => ({ ...object.metadata, kind }))
      // First from the disk: when that does not take it, nothing changed.
      clients.forget([reference, ...inside, ...shownOnes])
      for (const each of gone) await take(each)
    },
  }
}

const isShownBy = (part: Part, object: KubeObject): boolean =>
  part.objects().some(each => each.metadata.uid === object.metadata.uid)
