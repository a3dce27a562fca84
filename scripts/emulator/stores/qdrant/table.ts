/** The points of a collection in memory, side by side so that a scan runs over one block of numbers. */
import type { JsonObject } from './json.ts'
import type { PointId } from './point-id.ts'
import { comparePointIds } from './point-id.ts'
import type { StoredPoint } from './storage.ts'

/** A point, without its numbers. */
export interface Entry {
  slot: number
  id: PointId
  version: number
  payload: JsonObject
  hasVector: boolean
}

/** Points by position, id and slot. Positions hold until the next change. */
export interface Table {
  readonly entries: readonly Entry[]
  /** All vectors; the one at position `p` starts at `p * dimension`. */
  vectors(): Float32Array
  byId(id: PointId): number | undefined
  bySlot(slot: number): number | undefined
  /** The vector at a position; a view, to be copied if it is kept. */
  vectorAt(position: number): Float32Array | undefined
  /** Ids in Qdrant's order. */
  sortedIds(): readonly PointId[]
  put(point: StoredPoint): void
  remove(id: PointId): void
}

/** An empty table for vectors of `dimension` numbers. */
export function createTable(dimension: number): Table {
  const entries: Entry[] = []
  const ids = new Map<PointId, number>()
  const slots = new Map<number, number>()
  let vectors = new Float32Array(dimension * INITIAL_CAPACITY)
  let sorted: PointId[] | undefined

  function reserve(count: number): void {
    if (count * dimension <= vectors.length) return
    const larger = new Float32Array(Math.ceil(count * 1.5) * dimension)
    larger.set(vectors)
    vectors = larger
  }

  return {
    entries,
    vectors: () => vectors,
    byId: id => ids.get(id),
    bySlot: slot => slots.get(slot),
    vectorAt: position =>
      entries[position]?.hasVector
        ? vectors.subarray(position * dimension, (position + 1) * dimension)
        : undefined,
    sortedIds() {
      sorted ??= [...ids.keys()].sort(comparePointIds)
      return sorted
    },
    put({ slot, id, version, payload, vector }) {
      const known = ids.get(id)
      const position = known ?? entries.length
      const before = entries[position]
      if (before) slots.delete(before.slot)
      if (known === undefined) sorted = undefined
      reserve(position + 1)
      entries[position] = { slot, id, version, payload, hasVector: vector !== undefined }
      if (vector) vectors.set(vector, position * dimension)
      ids.set(id, position)
      slots.set(slot, position)
    },
    remove(id) {
      const position = ids.get(id)
      const gone = position === undefined ? undefined : entries[position]
      if (position === undefined || gone === undefined) return
      const last = entries.pop()
      ids.delete(id)
      slots.delete(gone.slot)
      sorted = undefined
      if (last === undefined || last === gone) return
      entries[position] = last
      const from = entries.length * dimension
      vectors.copyWithin(position * dimension, from, from + dimension)
      ids.set(last.id, position)
      slots.set(last.slot, position)
    },
  }
}

const INITIAL_CAPACITY = 64
