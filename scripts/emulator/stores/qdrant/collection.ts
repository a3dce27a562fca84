/** One collection: its points on disk and in memory, changed by one operation at a time. */
import { type Definition, textIndexOf } from './definition.ts'
import { METRICS, type Metric } from './distance.ts'
import type { Check, TextIndexes } from './filter.ts'
import { createIndexer, type Indexer } from './indexer.ts'
import type { JsonObject } from './json.ts'
import type { PointId } from './point-id.ts'
import type { Storage, StoredCollection, StoredPoint } from './storage.ts'
import { createTable, type Entry, type Table } from './table.ts'

/** What an operation writes; an absent vector stays what it was, `null` takes it away. */
export interface Draft {
  id: PointId
  payload: JsonObject
  vector?: Float32Array | null
}

/** A collection that is open. */
export interface Collection {
  readonly name: string
  readonly key: number
  readonly metric: Metric
  readonly table: Table
  readonly indexer: Indexer
  readonly textIndexes: TextIndexes
  definition(): Definition
  /** Makes points durable, then visible. Gives the number of the operation. */
  write(drafts: Draft[]): number
  remove(ids: PointId[]): number
  redefine(definition: Definition): number
  /** Entries that pass, in the order of memory. */
  matching(check: Check | undefined): Entry[]
  close(): void
}

/** What a collection stands on. */
export interface CollectionOptions {
  stored: StoredCollection
  storage: Storage
  directory: string
  indexThreshold: number
  warn(message: string): void
}

/** Reads the points of a collection into memory. */
export function openCollection(options: CollectionOptions): Collection {
  const { stored, storage, directory, indexThreshold, warn } = options
  const { name, key } = stored
  let { definition, version, nextSlot } = stored
  const { size: dimension, m, efConstruct } = definition
  const metric = METRICS[definition.distance]
  const table = createTable(dimension)
  const indexer = createIndexer({
    directory,
    key,
    dimension,
    metric: metric.indexed,
    m,
    efConstruct,
    threshold: indexThreshold,
    vectorOf: slot => {
      const position = table.bySlot(slot)
      return position === undefined ? undefined : table.vectorAt(position)
    },
    slots: () => table.entries.filter(entry => entry.hasVector).map(entry => entry.slot),
    warn: message => warn(`collection "${name}": ${message}`),
  })
  for (const point of storage.points(key)) {
    table.put(point)
    if (point.vector) indexer.added(point.slot)
  }

  /** A slot names one version of a vector, so the point keeps its slot while the vector is the same. */
  function toStored(draft: Draft, slots: { next: number }): StoredPoint {
    const position = table.byId(draft.id)
    const before = position === undefined ? undefined : table.entries[position]
    const old = position === undefined ? undefined : table.vectorAt(position)
    const vector = draft.vector === undefined ? old : (draft.vector ?? undefined)
    const slot = before && isSame(old, vector) ? before.slot : slots.next++
    return { slot, id: draft.id, version: version + 1, payload: draft.payload, vector }
  }

  return {
    name,
    key,
    metric,
    table,
    indexer,
    textIndexes: field => textIndexOf(definition, field),
    definition: () => definition,
    write(drafts) {
      const slots = { next: nextSlot }
      const unique = new Map(drafts.map(draft => [draft.id, draft]))
      const written = [...unique.values()].map(draft => toStored(draft, slots))
      const changed = written.flatMap(({ id, slot }) => {
        const before = entryOf(table, id)
        return before && before.slot !== slot ? [before] : []
      })
      const fresh = written.filter(point => table.bySlot(point.slot) === undefined)
      const removed = changed.map(entry => entry.slot)
      storage.write(key, { version: version + 1, nextSlot: slots.next, removed, written })
      version++
      nextSlot = slots.next
      for (const point of written) table.put(point)
      for (const entry of changed) if (entry.hasVector) indexer.removed(entry.slot)
      for (const point of fresh) if (point.vector) indexer.added(point.slot)
      return version
    },
    remove(ids) {
      const gone = [...new Set(ids)].flatMap(id => entryOf(table, id) ?? [])
      const removed = gone.map(entry => entry.slot)
      storage.write(key, { version: version + 1, nextSlot, removed, written: [] })
      version++
      for (const entry of gone) table.remove(entry.id)
      for (const entry of gone) if (entry.hasVector) indexer.removed(entry.slot)
      return version
    },
    redefine(next) {
      storage.redefine(key, next, version + 1)
      definition = next
      return ++version
    },
    matching: check => (check ? table.entries.filter(check) : [...table.entries]),
    close: () => indexer.close(),
  }
}

/** The entry of a point, if there is one. */
export function entryOf(table: Table, id: PointId): Entry | undefined {
  const position = table.byId(id)
  return position === undefined ? undefined : table.entries[position]
}

function isSame(a: Float32Array | undefined, b: Float32Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return a.every((part, at) => part === b[at])
}
