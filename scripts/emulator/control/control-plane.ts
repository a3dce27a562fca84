/** What the API server of a cluster does: takes documents, hands them to the parts, and shows every object. */
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import { isObject } from '../manifests/field.ts'
import type { ReadResource } from '../manifests/read-document.ts'
import {
  CONFIG_DEFAULTS,
  SERVING_NAMESPACE,
  toRevisionLimits,
} from '../manifests/revision-limits.ts'
import { admit, type Document, toDenial, type WriteOptions, withUser } from './admission.ts'
import { type Catalogue, createCatalogue, type Entry } from './catalogue.ts'
import { createDefinitions } from './definitions.ts'
import { toDryRun } from './dry-run.ts'
import { createEventLog } from './event-log.ts'
import { findKind, type Kind } from './kinds.ts'
import type { KubeObject } from './object.ts'
import { createOwners } from './owners.ts'
import type { Part } from './part.ts'
import { jsonPatch, mergePatch } from './patch.ts'
import { assertDepth, toPlain } from './plain.ts'
import {
  assertSame,
  complete,
  identify,
  type Reference,
  toMetadata,
  toReference,
} from './reference.ts'
import {
  alreadyExists,
  conflict,
  notAllowed,
  notFound,
  StatusError,
  toResource,
} from './status-error.ts'
import { createStored, type Stored } from './stored.ts'
import { toWarnings } from './warnings.ts'

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
  /** Takes what was read from a file. @throws Error of the part that cannot take it */
  adopt(read: ReadResource, options?: WriteOptions): Promise<void>
  /** Removes it and everything that it owns. @throws StatusError */
  remove(reference: Reference, options?: RemoveOptions): Promise<Entry>
  close(): void
}

/** What a control plane works from. */
export interface ControlPlaneOptions {
  readonly parts: readonly Part[]
  readonly clock: Clock
  readonly log: Log
}

/** The end of a write, which may be long after its turn. */
type Finish = () => Promise<Entry>

/** A control plane over `parts`; kinds that none of them takes are stored. */
export function createControlPlane({ parts, clock, log }: ControlPlaneOptions): ControlPlane {
  const stored = createStored(clock)
  const takers = [...parts, stored]
  const owners = createOwners()
  const events = createEventLog(clock)
  const catalogue = createCatalogue({
    sources: [...takers, events, createDefinitions(clock)],
    clock,
    decorate: owners.decorate,
  })
  const stopEvents = catalogue.subscribe(events.record)
  let queue: Promise<unknown> = Promise.resolve()

  /** One write after the other, so that what was checked still holds when it is done. */
  function inTurn<T>(task: () => Promise<T>): Promise<T> {
    const result = queue.then(task)
    queue = result.catch(() => {})
    return result
  }

  /** What was taken is waited for outside the turn: what does not get to work keeps nothing else from changing. */
  const finished = async <T>(task: () => Promise<() => Promise<T>>): Promise<T> =>
    (await inTurn(task))()

  const find = ({ kind, namespace, name }: Reference): Entry | undefined =>
    catalogue.get(kind, namespace, name)

  function get(reference: Reference): Entry {
    const entry = find(reference)
    if (entry) return entry
    throw notFound(reference.kind, reference.name)
  }

  async function write(
    reference: Reference,
    given: Document,
    before: Entry | undefined,
    options: WriteOptions,
  ): Promise<Finish> {
    const { kind, name, namespace } = reference
    const base = before && toDocument(before.object)
    const part = takers.find(each => each.takes(kind))
    if (!part) throw notAllowed(kind, before ? 'update' : 'create')
    const document = withUser(kind, complete(reference, toPlain(given)), {
      before: base,
      user: options.user,
    })
    const limits = toRevisionLimits(stored.configMap(SERVING_NAMESPACE, CONFIG_DEFAULTS))
    const read = admit(kind, document, options, limits)
    for (const warning of toWarnings(kind, reference)) options.onWarning?.(warning)
    if (options.dryRun) return async () => toDryRun(kind, document, before, part.spec?.(read))
    owners.note(reference, document)
    const taken = await hand(part, reference, read, options)
    return async () => {
      await taken().catch((error: unknown) => {
        throw toDenial(kind, error)
      })
      const entry = find(reference)
      if (entry) return entry
      log.error(
        'emulator',
        `${toResource(kind)} ${namespace}/${name} was applied, but is not shown`,
      )
      return { kind, object: document as unknown as KubeObject, version: catalogue.version() }
    }
  }

  /** Resolves when the part has it; what it gives tells when it works, if that is asked for. */
  async function hand(
    part: Part,
    { kind, namespace }: Reference,
    read: ReadResource,
    { wait = false }: WriteOptions,
  ): Promise<() => Promise<void>> {
    if (kind.namespaced) stored.ensureNamespace(namespace)
    const taken = (async () => await part.apply(read, { wait }))()
    if (wait) taken.catch(() => {})
    else await Promise.allSettled([taken])
    return () => taken
  }

  /** What was read from a file is checked already, and its problems name the line. */
  async function adopt(read: ReadResource, options: WriteOptions = {}): Promise<void> {
    const isKnative = /\.knative\.dev\//.test(read.kind)
    const reference = toReference(read)
    const part = reference && takers.find(each => each.takes(reference.kind))
    if (!reference || !part) {
      if (isKnative) options.onWarning?.(`${read.kind} is not emulated: it does nothing here`)
      return
    }
    // Other kinds that a folder holds for a cluster are nothing to talk about at each start.
    const { kind } = reference
    if (isKnative || kind.role !== 'idle') {
      for (const warning of toWarnings(kind, reference)) options.onWarning?.(warning)
    }
    if ('document' in read.resource) assertDepth(read.resource.document)
    await finished(() => hand(part, reference, read, options))
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

  async function removeNow(reference: Reference): Promise<void> {
    const { kind, namespace, name } = reference
    const entry = find(reference)
    if (!entry) return
    const part = takers.find(each => each.takes(kind)) ?? takers.find(each => shows(each, entry))
    await part?.remove(kind, namespace, name)
    owners.forget(reference)
    const { uid } = entry.object.metadata
    for (const other of catalogue.list()) {
      const { metadata } = other.object
      const isOwned = metadata.ownerReferences?.some(owner => owner.uid === uid)
      const isInside = kind.kind === 'Namespace' && metadata.namespace === name
      if (isOwned || isInside) await removeNow({ ...metadata, kind: other.kind })
    }
  }

  function remove(reference: Reference, options: RemoveOptions = {}): Promise<Entry> {
    return inTurn(async () => {
      const entry = get(reference)
      const { kind, name } = reference
      if (kind.role === 'made') throw notAllowed(kind, 'delete')
      const { uid } = entry.object.metadata
      if (options.uid !== undefined && options.uid !== uid) {
        throw conflict(kind, name, `Precondition failed: UID in precondition: ${options.uid}`)
      }
      if (options.resourceVersion && options.resourceVersion !== String(entry.version)) {
        throw conflict(kind, name)
      }
      if (!options.dryRun) await removeNow(reference)
      return entry
    })
  }

  return {
    catalogue,
    stored,
    get,
    create,
    replace,
    patch,
    apply,
    adopt,
    remove,
    close() {
      stopEvents()
      catalogue.close()
    },
  }
}

/** An object is a document with more in it. */
const toDocument = (object: KubeObject): Document => object as unknown as Document

const shows = (part: Part, { object }: Entry): boolean =>
  part.objects().some(each => each.metadata.uid === object.metadata.uid)
