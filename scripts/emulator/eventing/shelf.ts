/** The objects of one kind, as their controller keeps them and as others see them. */
import type { Clock } from '../clock.ts'
import { type ConditionSet, createConditions } from '../control/conditions.ts'
import { createIdentity, type KubeObject } from '../control/object.ts'
import type { EventingObject } from '../manifests/eventing-types.ts'

/** One object of a controller. */
export interface Held<R extends EventingObject, Own = unknown> {
  readonly resource: R
  readonly conditions: ConditionSet
  /** The fields of the status beside conditions and observedGeneration. */
  status: Readonly<Record<string, unknown>>
  /** What the controller runs or remembers for it. */
  own?: Own
  object(): KubeObject
}

/** The objects of one kind by namespace and name. */
export interface Shelf<R extends EventingObject, Own = unknown> {
  /** Keeps uid, creation time and status of the one that was there. */
  put(resource: R): Held<R, Own>
  get(namespace: string, name: string): Held<R, Own> | undefined
  /** The object that was there. */
  drop(namespace: string, name: string): Held<R, Own> | undefined
  all(): Held<R, Own>[]
  objects(): KubeObject[]
}

/** An empty shelf. */
export function createShelf<R extends EventingObject & { readonly kind: string }, Own = unknown>({
  clock,
  apiVersion,
  dependents,
}: {
  clock: Clock
  apiVersion: string
  /** The conditions that decide over Ready. */
  dependents: readonly string[]
}): Shelf<R, Own> {
  type Entry = { current: Held<R, Own>; update: (resource: R) => Held<R, Own> }
  const held = new Map<string, Entry>()

  function create(first: R): Entry {
    const identity = createIdentity(clock, first.spec, first.born)
    const conditions = createConditions({ clock, dependents })
    const entry: Entry = {
      current: {} as Held<R, Own>,
      update(resource) {
        identity.update(resource.spec)
        const { status = {}, own } = entry.current
        entry.current = { resource, conditions, status, own, object: () => show(entry.current) }
        return entry.current
      },
    }
    const show = ({ resource, status }: Held<R, Own>): KubeObject => ({
      apiVersion,
      kind: resource.kind,
      metadata: {
        name: resource.name,
        namespace: resource.namespace,
        uid: identity.uid,
        generation: identity.generation(),
        creationTimestamp: identity.creationTimestamp,
        ...(Object.keys(resource.labels).length > 0 && { labels: resource.labels }),
        ...(Object.keys(resource.annotations).length > 0 && { annotations: resource.annotations }),
        ...(resource.ownerReferences && { ownerReferences: resource.ownerReferences }),
      },
      spec: resource.spec,
      status: {
        observedGeneration: identity.generation(),
        conditions: conditions.list(),
        ...status,
      },
    })
    return entry
  }

  return {
    put(resource) {
      const key = keyOf(resource.namespace, resource.name)
      const entry = held.get(key) ?? create(resource)
      held.set(key, entry)
      return entry.update(resource)
    },
    get: (namespace, name) => held.get(keyOf(namespace, name))?.current,
    drop(namespace, name) {
      const key = keyOf(namespace, name)
      const { current } = held.get(key) ?? {}
      held.delete(key)
      return current
    },
    all: () => [...held.values()].map(({ current }) => current),
    objects: () => [...held.values()].map(({ current }) => current.object()),
  }
}

const keyOf = (namespace: string, name: string): string => `${namespace}/${name}`
