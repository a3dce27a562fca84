/** What every controller of an eventing object is made of: the objects it keeps, and what it sees of the others. */

import type { Clock } from '../clock.ts'
import { type Condition, type ConditionSet, createConditions } from '../control/conditions.ts'
import { createIdentity, type KubeObject } from '../control/object.ts'
import type { Log } from '../log.ts'
import type { EventingObject } from '../manifests/eventing-types.ts'
import type { Destination } from '../manifests/types.ts'
import type { Send } from '../network.ts'
import type { Access } from './policy/access.ts'
import type { Resolution } from './resolve.ts'

/** Keeps the objects of one kind and makes them work. */
export interface Controller<R extends EventingObject> {
  /** Adds or replaces. */
  apply(resource: R): void
  /** Harmless when there is none. */
  remove(namespace: string, name: string): void
  /** Looks again: an object elsewhere came, went or changed. */
  refresh(): void
  objects(): KubeObject[]
  close?(): Promise<void>
}

/** What controllers share. */
export interface Surroundings
  extends Pick<Access, 'address' | 'identity' | 'policies' | 'credentials'> {
  readonly clock: Clock
  readonly log: Log
  readonly send: Send
  /** Every object of the emulator. */
  world(): readonly KubeObject[]
  resolve(destination: Destination, field: string): Resolution
  /** To be called when `objects` would answer otherwise. */
  changed(): void
}

/** One object of a controller. */
export interface Held<R extends EventingObject> {
  readonly resource: R
  readonly conditions: ConditionSet
  /** The fields of the status beside conditions and observedGeneration. */
  status: Readonly<Record<string, unknown>>
  object(): KubeObject
}

/** The objects of one kind by namespace and name. */
export interface Shelf<R extends EventingObject> {
  /** Keeps uid and creation time of the one that was there. */
  put(resource: R): Held<R>
  get(namespace: string, name: string): Held<R> | undefined
  /** The object that was there. */
  drop(namespace: string, name: string): Held<R> | undefined
  all(): Held<R>[]
  objects(): KubeObject[]
}

/** An empty shelf. */
export function createShelf<R extends EventingObject & { readonly kind: string }>({
  clock,
  apiVersion,
  dependents,
}: {
  clock: Clock
  apiVersion: string
  /** The conditions that decide over Ready. */
  dependents: readonly string[]
}): Shelf<R> {
  const held = new Map<string, { current: Held<R>; update: (resource: R) => Held<R> }>()

  function create(first: R): { current: Held<R>; update: (resource: R) => Held<R> } {
    const identity = createIdentity(clock, first.spec)
    const conditions = createConditions({ clock, dependents })
    const entry = {
      current: {} as Held<R>,
      update(resource: R): Held<R> {
        identity.update(resource.spec)
        const { status = {} } = entry.current
        entry.current = { resource, conditions, status, object: () => show(entry.current) }
        return entry.current
      },
    }
    const show = ({ resource, status }: Held<R>): KubeObject => ({
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

/** The `Ready` condition of an object. */
export function readyOf(object: KubeObject | undefined): Condition | undefined {
  return object?.status?.conditions?.find(({ type }) => type === 'Ready')
}

/** Says who a source is; its `status.auth`. */
export function markIdentity<R extends EventingObject & { readonly kind: string }>(
  { conditions, resource }: Held<R>,
  { identity }: Surroundings,
): { readonly auth?: unknown } {
  const { kind, namespace, name } = resource
  const { why, status } = identity({ group: 'sources.knative.dev', kind, namespace, name })
  conditions.set('OIDCIdentityCreated', 'True', why)
  return status
}

/** Says where a source's events go; undefined when that is nowhere yet. */
export function markSink<R extends EventingObject>(
  { conditions, resource }: Held<R>,
  surroundings: Surroundings,
  sink: Destination,
): string | undefined {
  const found = surroundings.resolve(sink, 'sink')
  if ('url' in found) {
    conditions.set('SinkProvided', 'True')
    return found.url
  }
  const message = `${found.error} (sink of ${resource.namespace}/${resource.name})`
  conditions.set('SinkProvided', 'False', { reason: 'NotFound', message })
  return undefined
}

const keyOf = (namespace: string, name: string): string => `${namespace}/${name}`
