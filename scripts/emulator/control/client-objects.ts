/**
 * What clients made through the Kubernetes API beside the files: it survives a restart, as it does in etcd.
 *
 * At the start files are applied as `kubectl apply -f` would, and what clients made beside them comes back as it was.
 *
 * | an object that        | after a restart                                                                      |
 * |-----------------------|--------------------------------------------------------------------------------------|
 * | a client made         | is back: its document, uid, creation time and generation                              |
 * | a client changed      | is as its file says, which is told; of no file: as the client left it                 |
 * | a client deleted      | is gone; is back when it is in a file                                                 |
 * | a file took over      | belongs to the file from then on                                                      |
 * | a part made           | is made again by its owner: Revisions, a Sequence's Subscriptions, found EventTypes   |
 * | lost all its owners   | is gone, as it would have gone with them                                              |
 */

import { isDeepStrictEqual } from 'node:util'
import type { KeyedStore, StoredValue } from '../keyed-store.ts'
import type { Log } from '../log.ts'
import type { Document } from './admission.ts'
import type { Entry } from './catalogue.ts'
import { type ClientObject, fromStored, toStored } from './client-object.ts'
import { keyOf, type Reference } from './reference.ts'
import { StatusError, toResource } from './status-error.ts'

/** The objects of clients, and which objects are of files. */
export interface ClientObjects {
  /** What former runs left beside the files, which all are adopted before; tells what does not come back. */
  restore(): ClientObject[]
  /** A file holds the object from now on: what a client wrote counts no more, which is told. */
  adopt(reference: Reference): void
  /** No file holds it any more. */
  release(reference: Reference): void
  /**
   * Keeps what a client wrote; `shown` is how it was and is shown.
   * @throws StatusError `InternalError` when the disk does not take it
   */
  put(reference: Reference, document: Document, shown: Shown): Kept
  /** What is kept of it, although it may not be shown: refused when it was to come back. */
  find(reference: Reference): ClientObject | undefined
  /** All that is kept of a namespace, shown or not. */
  inside(namespace: string): Reference[]
  /** Forgets what was deleted. @throws StatusError `InternalError` when the disk does not take it */
  forget(references: readonly Reference[]): void
  close(): void
}

/** An object before and after a write; undefined when it was not there, or is not shown yet. */
export interface Shown {
  readonly before: Entry | undefined
  readonly now: Entry | undefined
}

/** What was kept of a write whose end is still to come; a later write has made both of no account. */
export interface Kept {
  /** It was refused in the end. @throws StatusError as `put` */
  undo(): void
  /** It is there, and may be shown otherwise than at first: its generation, its birth. @throws StatusError as `put` */
  complete(now: Entry | undefined): void
}

const NOTHING_KEPT: Kept = { undo() {}, complete() {} }

/** A client's change of an object whose document is a file's. */
const CHANGE_OF_FILE = { file: true }

/** Over an open store. */
export function createClientObjects({
  store,
  log,
}: {
  store: KeyedStore
  log: Log
}): ClientObjects {
  const inFiles = new Set<string>()

  function adopt(reference: Reference): void {
    const key = keyOf(reference.kind, reference)
    inFiles.add(key)
    const value = store.get(key)
    if (!value) return
    store.remove([key])
    if (isChangeOfFile(value)) tellDropped(reference)
    else log.info('emulator', `${toName(reference)}, which a client made, belongs to its file now`)
  }

  const tellDropped = (reference: Reference): void =>
    log.warn('emulator', `${toName(reference)} is as its file says: what a client changed is gone`)

  function restore(): ClientObject[] {
    return store.entries().flatMap(([key, value]) => {
      const object = fromStored(value)
      if (object) return [object]
      if (isChangeOfFile(value)) {
        store.remove([key])
        log.warn('emulator', `${key} is in no file any more: what a client changed is gone with it`)
      } else log.warn('emulator', `${key}, which a client made, is of no kind that is known here`)
      return []
    })
  }

  function put(reference: Reference, document: Document, { before: old, now }: Shown): Kept {
    const key = keyOf(reference.kind, reference)
    const before = store.get(key)
    const isFiles = inFiles.has(key)
    if (isNews(reference) || (!before && !isFiles && old && isMade(old))) return NOTHING_KEPT
    const toValue = (shown: Entry | undefined): StoredValue =>
      isFiles ? { ...CHANGE_OF_FILE } : toStored(reference.kind, document, shown)
    const value = toValue(now)
    durably(() => store.put(key, value))
    return {
      undo() {
        if (store.get(key) !== value) return
        if (before) durably(() => store.put(key, before))
        else durably(() => store.remove([key]))
      },
      complete(shown) {
        const next = toValue(shown)
        if (store.get(key) !== value || isDeepStrictEqual(next, value)) return
        durably(() => store.put(key, next))
      },
    }
  }

  return {
    restore,
    adopt,
    release: reference => void inFiles.delete(keyOf(reference.kind, reference)),
    put,
    find: reference => fromStored(store.get(keyOf(reference.kind, reference)) ?? {}),
    inside: namespace =>
      store.entries().flatMap(([, value]) => {
        const { reference } = fromStored(value) ?? {}
        return reference?.kind.namespaced && reference.namespace === namespace ? [reference] : []
      }),
    forget: references =>
      durably(() => store.remove(references.map(each => keyOf(each.kind, each)))),
    close: store.close,
  }
}

/** `services.serving.knative.dev app/hello`. */
export const toName = ({ kind, namespace, name }: Reference): string =>
  `${toResource(kind)} ${namespace === '' ? '' : `${namespace}/`}${name}`

/** Events are no state: a cluster forgets them within the hour. */
const isNews = ({ kind }: Reference): boolean => kind.group === '' && kind.kind === 'Event'

/** Its owner, a part, makes it again. */
const isMade = ({ object }: Entry): boolean =>
  object.metadata.ownerReferences?.some(({ controller }) => controller) ?? false

const isChangeOfFile = ({ file }: StoredValue): boolean => file === true

function durably(work: () => void): void {
  try {
    work()
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new StatusError('InternalError', `the object would not survive a restart: ${why}`)
  }
}
