/** Takes objects out, with all that they own and all that is inside them. */
import type { Catalogue, Entry } from './catalogue.ts'
import { toHidden } from './client-object.ts'
import type { ClientObjects } from './client-objects.ts'
import type { Owners } from './owners.ts'
import type { Part } from './part.ts'
import type { Reference } from './reference.ts'

/** What removes. */
export interface Removal {
  /** An object that is shown, or one of a client that did not come back and can only be removed. */
  find(reference: Reference): Entry | undefined
  /** Returns when it is gone from the disk, too. @throws StatusError */
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

  /** Says in `gone` what it removed. */
  async function removeAll(reference: Reference, gone: Reference[]): Promise<void> {
    const { kind, namespace, name } = reference
    const entry = shown(reference)
    if (!entry) return
    // What is only stored may have been made by a part, too: a Job by a JobSink.
    const taker = kind.role === 'idle' ? undefined : parts.find(each => each.takes(kind))
    const part = taker ?? parts.find(each => isShownBy(each, entry))
    await part?.remove(kind, namespace, name)
    gone.push(reference)
    owners.forget(reference)
    const { uid } = entry.object.metadata
    for (const other of catalogue.list()) {
      const { metadata } = other.object
      const isOwned = metadata.ownerReferences?.some(owner => owner.uid === uid)
      const isInside = kind.kind === 'Namespace' && metadata.namespace === name
      if (isOwned || isInside) await removeAll({ ...metadata, kind: other.kind }, gone)
    }
  }

  return {
    find: reference => shown(reference) ?? toHidden(clients.find(reference)),
    async remove(reference) {
      const gone = shown(reference) ? [] : [reference]
      try {
        await removeAll(reference, gone)
      } finally {
        clients.forget(gone)
      }
    },
  }
}

const isShownBy = (part: Part, { object }: Entry): boolean =>
  part.objects().some(each => each.metadata.uid === object.metadata.uid)
