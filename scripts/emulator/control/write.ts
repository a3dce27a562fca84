/** One write of a client: checked, handed to the part of its kind, and on the disk before it is answered. */
import type { Log } from '../log.ts'
import type { RevisionLimits } from '../manifests/revision-limits.ts'
import { admit, type Document, toDenial, type WriteOptions, withUser } from './admission.ts'
import type { Catalogue, Entry } from './catalogue.ts'
import type { ClientObjects, Kept } from './client-objects.ts'
import { toDryRun } from './dry-run.ts'
import type { Intake } from './intake.ts'
import type { KubeObject } from './object.ts'
import type { Owners } from './owners.ts'
import type { Part } from './part.ts'
import { toPlain } from './plain.ts'
import { complete, type Reference, toDocument } from './reference.ts'
import { notAllowed, StatusError, toResource } from './status-error.ts'
import { toWarnings } from './warnings.ts'

/** Writes `document` over what was there `before`. @throws StatusError what speaks against it; nothing changed then */
export type Write = (
  reference: Reference,
  document: Document,
  before: Entry | undefined,
  options: WriteOptions,
) => Promise<Finish>

/** The end of a write, which may be long after its turn. */
export type Finish = () => Promise<Entry>

/** Where what is written goes. */
export interface WriteTargets {
  readonly intake: Intake
  readonly clients: ClientObjects
  readonly owners: Owners
  readonly catalogue: Catalogue
  readonly log: Log
  readonly limits: () => RevisionLimits
}

/** Writes in nobody's turn: the caller sees to that. */
export function createWrite(targets: WriteTargets): Write {
  const { intake, clients, owners, catalogue, log, limits } = targets

  const find = ({ kind, namespace, name }: Reference): Entry | undefined =>
    catalogue.get(kind, namespace, name)

  function noteOwners(reference: Reference, before: Entry | undefined): void {
    if (before) owners.note(reference, toDocument(before.object))
    else owners.forget(reference)
  }

  /** As it was `before`; a Service has a Revision more by then. */
  async function takeBack(
    part: Part,
    reference: Reference,
    before: Entry | undefined,
  ): Promise<void> {
    const { kind, namespace, name } = reference
    noteOwners(reference, before)
    if (!before) return await part.remove(kind, namespace, name)
    const read = admit(kind, toDocument(before.object), { fieldValidation: 'Ignore' }, limits())
    await intake.hand(part, reference, read, {})
  }

  /** What the disk does not take is in force nowhere: another try must find it as it was. */
  async function keep(
    part: Part,
    reference: Reference,
    document: Document,
    before: Entry | undefined,
  ): Promise<Kept> {
    try {
      return clients.put(reference, document, { before, now: find(reference) })
    } catch (error) {
      await takeBack(part, reference, before)
      throw error
    }
  }

  return async (reference, given, before, options) => {
    const { kind, name, namespace } = reference
    const part = intake.partFor(kind)
    if (!part) throw notAllowed(kind, before ? 'update' : 'create')
    const document = withUser(kind, complete(reference, toPlain(given)), {
      before: before && toDocument(before.object),
      user: options.user,
    })
    const read = admit(kind, document, options, limits())
    for (const warning of toWarnings(kind, reference)) options.onWarning?.(warning)
    if (options.dryRun) return async () => toDryRun(kind, document, before, part.spec?.(read))
    owners.note(reference, document)
    const { refused, done } = await intake.hand(part, reference, read, options)
    if (refused) noteOwners(reference, before)
    const kept = refused ? undefined : await keep(part, reference, document, before)
    return async () => {
      try {
        await done()
      } catch (error) {
        const denial = toDenial(kind, error)
        if (denial instanceof StatusError) kept?.undo()
        else kept?.complete(find(reference))
        throw denial
      }
      const entry = find(reference)
      kept?.complete(entry)
      if (entry) return entry
      log.error(
        'emulator',
        `${toResource(kind)} ${namespace}/${name} was applied, but is not shown`,
      )
      return { kind, object: document as unknown as KubeObject, version: catalogue.version() }
    }
  }
}
