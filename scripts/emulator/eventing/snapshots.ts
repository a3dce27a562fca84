/** Lists of objects that are costly to make and asked for many times while nothing in them changes. */

/** Makes each list once per look. */
export interface Snapshots {
  /** The same `make` gives the same list until the look is over; outside of a look it is asked each time. */
  take<T>(make: () => readonly T[]): readonly T[]
  /** A look within another one sees for itself: what the outer one does may have changed the objects. */
  inOneLook<T>(work: () => T): T
}

/** No look is under way. */
export function createSnapshots(): Snapshots {
  let taken: Map<() => readonly unknown[], readonly unknown[]> | undefined
  return {
    take(make) {
      const list = taken?.get(make) ?? make()
      taken?.set(make, list)
      // Kept under what made it.
      return list as ReturnType<typeof make>
    },
    inOneLook(work) {
      const outer = taken
      taken = new Map()
      try {
        return work()
      } finally {
        taken = outer
      }
    },
  }
}
