/** Finds the objects of every part of the emulator: addresses and readiness are asked for often. */
import type { KubeObject } from '../control/object.ts'
import { findObject, readyOf } from './find-object.ts'
import { groupOf } from './policy/identity.ts'
import type { ReadinessOf } from './reconciled.ts'
import { addressOf, type ObjectReference, type ResolveRef } from './resolve.ts'
import { createSnapshots } from './snapshots.ts'

/** Where objects are found. */
export interface Lookup {
  /** Every object. */
  world(): readonly KubeObject[]
  /** Brokers, Triggers, channels and Subscriptions. */
  core(): readonly KubeObject[]
  find(ref: ObjectReference): KubeObject | undefined
  /** The address of an existing object. */
  readonly resolveRef: ResolveRef
  /** The Ready condition of an object. */
  readonly readinessOf: ReadinessOf
  /** Runs what asks for many of them at once: the objects of each part are listed once for all of it. */
  inOneLook<T>(work: () => T): T
}

/** What makes a list; always the same one for the same list. */
type List = () => readonly KubeObject[]

/** Looks into serving, the core of eventing, and the kinds that have a list of their own. */
export function createLookup(lists: {
  serving: List
  core: List
  own: () => Readonly<Record<string, { readonly objects: List }>>
}): Lookup {
  const { take, inOneLook } = createSnapshots()

  const world = (): readonly KubeObject[] => take(everything)

  function everything(): KubeObject[] {
    const own = Object.values(lists.own()).map(({ objects }) => objects)
    return [lists.serving, lists.core, ...own].flatMap(take)
  }

  function find(ref: ObjectReference): KubeObject | undefined {
    return findObject(take(listOf(ref)), ref)
  }

  /** The list that would have it. */
  function listOf({ apiVersion, kind }: ObjectReference): List {
    if (groupOf(apiVersion) === 'serving.knative.dev') return lists.serving
    return lists.own()[kind]?.objects ?? lists.core
  }

  /** Whatever has a `status.address` can be sent to; a plain Service of the cluster is known by its name alone. */
  function resolveRef(ref: ObjectReference): string | undefined {
    if (ref.apiVersion === 'v1') return addressOf(ref)
    const address = find(ref)?.status?.address
    if (typeof address !== 'object' || address === null || !('url' in address)) return undefined
    return typeof address.url === 'string' ? address.url : undefined
  }

  function readinessOf(ref: ObjectReference): ReturnType<ReadinessOf> {
    const found = find(ref)
    return found && (readyOf(found) ?? UNRECONCILED)
  }

  return { world, core: () => take(lists.core), find, resolveRef, readinessOf, inOneLook }
}

const UNRECONCILED = {
  status: 'Unknown',
  reason: 'DependencyNotConfigured',
  message: 'Dependency has not yet been reconciled.',
} as const
