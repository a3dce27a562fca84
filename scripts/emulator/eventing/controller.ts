/** What every controller of an eventing object does alike: it keeps objects, marks them, and tells that they changed. */
import type { Clock } from '../clock.ts'
import type { KubeObject } from '../control/object.ts'
import type { Log } from '../log.ts'
import type { EventingObject } from '../manifests/eventing-types.ts'
import type { Destination } from '../manifests/types.ts'
import type { Send } from '../network.ts'
import type { Access } from './policy/access.ts'
import type { Resolution } from './resolve.ts'
import type { Held, Shelf } from './shelf.ts'

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

/** What sets the controllers apart. */
export interface Hooks<R extends EventingObject, Own> {
  /** It was added or replaced, and is marked next. */
  applied?(held: Held<R, Own>): void
  /** Sets its conditions and its status, and sees to it that what they say is so. */
  mark?(held: Held<R, Own>): void
  /** It was removed. */
  gone?(held: Held<R, Own>): void
  /** All of that is done, for one object or for all. */
  settled?(): void
}

/** The controller of what is on the shelf. */
export function createController<R extends EventingObject, Own>(
  shelf: Shelf<R, Own>,
  { changed }: Pick<Surroundings, 'changed'>,
  { applied, mark, gone, settled }: Hooks<R, Own>,
): Controller<R> {
  return {
    apply(resource) {
      const held = shelf.put(resource)
      applied?.(held)
      mark?.(held)
      settled?.()
      changed()
    },
    remove(namespace, name) {
      const held = shelf.drop(namespace, name)
      if (!held) return
      gone?.(held)
      settled?.()
      changed()
    },
    refresh() {
      if (mark) for (const held of shelf.all()) mark(held)
      settled?.()
    },
    objects: shelf.objects,
  }
}
