/** What the API server of a cluster does: takes documents, hands them to the parts, and shows every object. */
import type { Clock } from '../clock.ts'
import type { KeyedStore } from '../keyed-store.ts'
import type { Log } from '../log.ts'
import { isObject } from '../manifests/field.ts'
import type { ReadResource } from '../manifests/read-document.ts'
import {
  CONFIG_DEFAULTS,
  SERVING_NAMESPACE,
  toRevisionLimits,
} from '../manifests/revision-limits.ts'
import type { Manifests } from '../manifests/types.ts'
import type { Document, WriteOptions } from './admission.ts'
import { type Catalogue, createCatalogue, type Entry } from './catalogue.ts'
import { createClientObjects, toName } from './client-objects.ts'
import { createDefinitions } from './definitions.ts'
import { createEventLog } from './event-log.ts'
import { createIntake } from './intake.ts'
import { findKind, type Kind } from './kinds.ts'
import { createOwners } from './owners.ts'
import type { Part } from './part.ts'
import { jsonPatch, mergePatch } from './patch.ts'
import { assertSame, identify, type Reference, toDocument, toMetadata } from './reference.ts'
import { createRemoval } from './removal.ts'
import { startObjects } from './startup.ts'
import { alreadyExists, conflict, notAllowed, notFound, StatusError } from './status-error.ts'
import { createStored, type Stored } from './stored.ts'
import { createTurns } from './turns.ts'
import { createWrite } from './write.ts'

/** What a removal may demand of the object: `metav1.Preconditions`. */
export interface RemoveOptions {
  readonly uid?: string
  readonly resourceVersion?: string
  readonly dryRun?: boolean
}

/** How a patch is meant; `apply` makes the object when there is none. */
export type PatchType = 'merge' | 'json' | 'apply'

/** The running control plane. */
export interface ControlPlane {
  readonly catalogue: Catalogue
  /** What functions read of ConfigMaps and Secrets. */
  readonly stored: Stored
  /** @throws StatusError */
  get(reference: Reference): Entry
  /** @throws StatusError `AlreadyExists`, or what speaks against the document */
  create(kind: Kind, document: Document, options?: WriteOptions): Promise<Entry>
  /** @throws StatusError `NotFound`, `Conflict`, or what speaks against the document */
  replace(reference: Reference, document: Document, options?: WriteOptions): Promise<Entry>
  /** @throws StatusError `NotFound`, or what speaks against the outcome */
  patch(
    reference: Reference,
    patch: { readonly type: PatchType; readonly value: unknown },
    options?: WriteOptions,
  ): Promise<Entry>
  /** Creates or replaces, whatever is there. @throws StatusError what speaks against the document */
  apply(document: Document, options?: WriteOptions): Promise<Entry>
  /** Puts in force what files say, and what clients made beside them before a restart. @throws Error of a part */
  start(manifests: Manifests): Promise<void>
  /** Takes what was read from a file. @throws Error of the part that cannot take it */
  adopt(read: ReadResource, options?: WriteOptions): Promise<void>
  /** Removes what no file holds any more; false when it was gone already. @throws StatusError */
  release(reference: Reference): Promise<boolean>
  /** Removes it and everything that it owns. @throws StatusError */
  remove(reference: Reference, options?: RemoveOptions): Promise<Entry>
  close(): void
}

/** What a control plane works from. */
export interface ControlPlaneOptions {
  readonly parts: readonly Part[]
  readonly clock: Clock
  readonly log: Log
  /** Keeps what clients make. */
  readonly store: KeyedStore
  /** What nothing here acts on; one of its own unless given. */
  readonly stored?: Stored
}

/** A control plane over `parts`; kinds that none of them takes are stored. */
export function createControlPlane({
  parts,
  clock,
  log,
  store,
  stored = createStored(clock),
}: ControlPlaneOptions): ControlPlane {
  const takers = [...parts, stored]
  const owners = createOwners()
  const clients = createClientObjects({ store, log })
  const limits = () => toRevisionLimits(stored.configMap(SERVING_NAMESPACE, CONFIG_DEFAULTS))
  const intake = createIntake({ parts: takers, stored, owners, clients, log, limits })
  const { inTurn, finished } = createTurns()
  const events = createEventLog(clock)
  const catalogue = createCatalogue({
    sources: [...takers, events, createDefinitions(clock)],
    clock,
    log,
    decorate: owners.decorate,
  })
  const removal = createRemoval({ parts: takers, catalogue, owners, clients })
  const write = createWrite({ intake, clients, owners, catalogue, log, limits })
  const stopEvents = catalogue.subscribe(events.record)

  const find = ({ kind, namespace, name }: Reference): Entry | undefined =>
    catalogue.get(kind, namespace, name)

  function get(reference: Reference): Entry {
    const entry = find(reference)
    if (entry) return entry
    throw notFound(reference.kind, reference.name)
  }

  const adopt = (read: ReadResource, options: WriteOptions = {}): Promise<void> =>
    finished(async () => {
      const handed = await intake.adopt(read, options)
      return async () => handed?.done()
    })

  async function start(manifests: Manifests): Promise<void> {
    await inTurn(async () => {
      await startObjects(manifests, { intake, clients, stored, log })
      owners.renew(reference => find(reference)?.object.metadata.uid)
      catalogue.redecorate()
      for (const reference of owners.orphans(each => removal.find(each) !== undefined)) {
        await removal.remove(reference)
        log.info('emulator', `${toName(reference)}, which a client made, goes with its owner`)
      }
    })
  }

  function create(kind: Kind, document: Document, options: WriteOptions = {}): Promise<Entry> {
    const reference = identify(kind, document)
    return finished(async () => {
      if (find(reference)) throw alreadyExists(kind, reference.name)
      if (toMetadata(document).resourceVersion) {
        throw new StatusError(
          'BadRequest',
          'resourceVersion should not be set on objects to be created',
        )
      }
      return await write(reference, document, undefined, options)
    })
  }

  function replace(
    reference: Reference,
    document: Document,
    options: WriteOptions = {},
  ): Promise<Entry> {
    return finished(async () => {
      const before = get(reference)
      assertSame(reference, before, document)
      return await write(reference, document, before, options)
    })
  }

  function patch(
    reference: Reference,
    { type, value }: { type: PatchType; value: unknown },
    options: WriteOptions = {},
  ): Promise<Entry> {
    return finished(async () => {
      const before = find(reference)
      if (!before && type === 'apply' && isObject(value)) {
        return await write(reference, value, undefined, options)
      }
      if (!before) throw notFound(reference.kind, reference.name)
      const base = toDocument(before.object)
      const next = type === 'json' ? jsonPatch(base, value) : mergePatch(base, value)
      if (!isObject(next)) throw new StatusError('BadRequest', 'the patch leaves no object')
      assertSame(reference, before, next)
      return await write(reference, next, before, options)
    })
  }

  async function apply(document: Document, options: WriteOptions = {}): Promise<Entry> {
    if (!isObject(document)) throw new StatusError('BadRequest', 'the document must be an object')
    const { apiVersion, kind: name } = document
    const kind = findKind(String(apiVersion), String(name))
    if (!kind) {
      throw new StatusError(
        'NotFound',
        `no matches for kind ${JSON.stringify(name)} in version ${JSON.stringify(apiVersion)}`,
      )
    }
    const reference = identify(kind, document)
    return await finished(() => write(reference, document, find(reference), options))
  }

  function remove(reference: Reference, options: RemoveOptions = {}): Promise<Entry> {
    return inTurn(async () => {
      const { kind, name } = reference
      const entry = removal.find(reference) ?? get(reference)
      if (kind.role === 'made') throw notAllowed(kind, 'delete')
      const { uid } = entry.object.metadata
      if (options.uid !== undefined && options.uid !== uid) {
        throw conflict(kind, name, `Precondition failed: UID in precondition: ${options.uid}`)
      }
      if (options.resourceVersion && options.resourceVersion !== String(entry.version)) {
        throw conflict(kind, name)
      }
      if (!options.dryRun) await removal.remove(reference)
      return entry
    })
  }

  async function release(reference: Reference): Promise<boolean> {
    const isThere = find(reference) !== undefined
    if (isThere) await remove(reference)
    clients.release(reference)
    return isThere
  }

  return {
    catalogue,
    stored,
    get,
    create,
    replace,
    patch,
    apply,
    start,
    adopt,
    release,
    remove,
    close() {
      stopEvents()
      catalogue.close()
    },
  }
}
