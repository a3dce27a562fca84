/** How what was read reaches the part that takes its kind: from a client, from a file, or from before a restart. */
import type { Log } from '../log.ts'
import type { ReadResource } from '../manifests/read-document.ts'
import type { RevisionLimits } from '../manifests/revision-limits.ts'
import { admit, toDenial, type WriteOptions } from './admission.ts'
import type { ClientObject } from './client-object.ts'
import { type ClientObjects, toName } from './client-objects.ts'
import type { Kind } from './kinds.ts'
import type { Owners } from './owners.ts'
import type { Part } from './part.ts'
import { assertDepth } from './plain.ts'
import { type Reference, toReference } from './reference.ts'
import type { Stored } from './stored.ts'
import { toWarnings } from './warnings.ts'

/** What a part did with an object. */
export interface Handed {
  /** It is as if it had not been asked for. */
  readonly refused: boolean
  /** Resolves when it works, if that was asked for; rejects with why not, or why it was refused. */
  done(): Promise<void>
}

/** How it is taken. */
export interface HandOptions extends Pick<WriteOptions, 'wait'> {
  /** At the start of the emulator: without proof, at zero replicas. */
  readonly starting?: boolean
}

/** The way to the parts. */
export interface Intake {
  partFor(kind: Kind): Part | undefined
  /** Resolves when the part has it. */
  hand(part: Part, reference: Reference, read: ReadResource, how: HandOptions): Promise<Handed>
  /** Hands over what a file holds, which is checked already and whose problems name the line. */
  adopt(read: ReadResource, options: WriteOptions & HandOptions): Promise<Handed | undefined>
  /** Hands over what a client made before the restart; what is refused now is told, and kept. */
  restore(object: ClientObject): Promise<void>
}

/** The way to `parts`, the first of which that takes a kind has it. */
export function createIntake({
  parts,
  stored,
  owners,
  clients,
  log,
  limits,
}: {
  parts: readonly Part[]
  stored: Stored
  owners: Owners
  clients: ClientObjects
  log: Log
  limits: () => RevisionLimits
}): Intake {
  const partFor = (kind: Kind): Part | undefined => parts.find(each => each.takes(kind))

  async function hand(
    part: Part,
    { kind, namespace }: Reference,
    read: ReadResource,
    { wait = false, starting = false }: HandOptions,
  ): Promise<Handed> {
    if (kind.namespaced) stored.ensureNamespace(namespace)
    const taken = (async () => await part.apply(read, { wait, starting }))()
    if (wait) {
      taken.catch(() => {})
      return { refused: false, done: () => taken }
    }
    const [{ status }] = await Promise.allSettled([taken])
    return { refused: status === 'rejected', done: () => taken }
  }

  async function adopt(
    read: ReadResource,
    options: WriteOptions & HandOptions,
  ): Promise<Handed | undefined> {
    const isKnative = /\.knative\.dev\//.test(read.kind)
    const reference = toReference(read)
    const part = reference && partFor(reference.kind)
    if (!reference || !part) {
      if (isKnative) options.onWarning?.(`${read.kind} is not emulated: it does nothing here`)
      return undefined
    }
    // Other kinds that a folder holds for a cluster are nothing to talk about at each start.
    const { kind } = reference
    if (isKnative || kind.role !== 'idle') {
      for (const warning of toWarnings(kind, reference)) options.onWarning?.(warning)
    }
    if ('document' in read.resource) assertDepth(read.resource.document)
    clients.adopt(reference)
    return await hand(part, reference, read, options)
  }

  async function restore({ reference, document, born }: ClientObject): Promise<void> {
    const part = partFor(reference.kind)
    try {
      if (!part) throw new Error(`${reference.kind.kind} is not emulated`)
      const read = admit(reference.kind, document, { fieldValidation: 'Ignore' }, limits())
      const resource = { ...read.resource, ...(born && { born }) }
      owners.note(reference, document)
      const handed = await hand(part, reference, { ...read, resource } as ReadResource, {
        starting: true,
      })
      await handed.done()
    } catch (error) {
      const denial = toDenial(reference.kind, error)
      const why = denial instanceof Error ? denial.message : String(denial)
      log.warn('emulator', `${toName(reference)}, which a client made, does not come back: ${why}`)
    }
  }

  return { partFor, hand, adopt, restore }
}
