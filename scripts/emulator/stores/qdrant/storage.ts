/** Collections and points on disk. SQLite commits with fsync, so what was answered survives kill -9 and power loss. */
import { DatabaseSync } from 'node:sqlite'
import type { Definition } from './definition.ts'
import type { JsonObject } from './json.ts'
import type { PointId } from './point-id.ts'

/** A point. `slot` names one version of its vector: it is never used again for another. */
export interface StoredPoint {
  slot: number
  id: PointId
  version: number
  payload: JsonObject
  vector: Float32Array | undefined
}

/** A collection. `key` is never used again for another, `version` is the number of its last operation. */
export interface StoredCollection {
  key: number
  name: string
  definition: Definition
  version: number
  nextSlot: number
}

/** What one operation changes. */
export interface Change {
  version: number
  nextSlot: number
  /** Slots that go; a point that changes its slot is among them. */
  removed: number[]
  written: StoredPoint[]
}

/** The durable half of the store. Every call is one transaction. */
export interface Storage {
  collections(): StoredCollection[]
  create(name: string, definition: Definition): StoredCollection
  redefine(key: number, definition: Definition, version: number): void
  drop(key: number): void
  points(key: number): Iterable<StoredPoint>
  write(key: number, change: Change): void
  close(): void
}

/** Opens the database file, making it when absent. */
export function openStorage(file: string): Storage {
  const database = new DatabaseSync(file, { timeout: 5_000 })
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 16777216;
    CREATE TABLE IF NOT EXISTS collection (key INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE,
      definition TEXT NOT NULL, version INTEGER NOT NULL, next_slot INTEGER NOT NULL) STRICT`)
  const list = database.prepare('SELECT * FROM collection ORDER BY name')
  const insert = database.prepare('INSERT INTO collection VALUES (NULL, ?, ?, 0, 1)')
  const redefine = database.prepare(
    'UPDATE collection SET definition = ?, version = ? WHERE key = ?',
  )
  const advance = database.prepare('UPDATE collection SET version = ?, next_slot = ? WHERE key = ?')

  function transaction<Result>(work: () => Result): Result {
    database.exec('BEGIN IMMEDIATE')
    try {
      const result = work()
      database.exec('COMMIT')
      return result
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK')
      throw error
    }
  }

  return {
    collections: () =>
      list.all().map(row => ({
        key: Number(row.key),
        name: String(row.name),
        definition: JSON.parse(String(row.definition)),
        version: Number(row.version),
        nextSlot: Number(row.next_slot),
      })),
    create: (name, definition) =>
      transaction(() => {
        const key = Number(insert.run(name, JSON.stringify(definition)).lastInsertRowid)
        // `id` has no type: numbers and UUIDs are kept as they are.
        database.exec(`CREATE TABLE point_${key} (slot INTEGER PRIMARY KEY, id NOT NULL UNIQUE, version INTEGER NOT NULL,
          payload TEXT NOT NULL, vector BLOB)`)
        return { key, name, definition, version: 0, nextSlot: 1 }
      }),
    redefine(key, definition, version) {
      redefine.run(JSON.stringify(definition), version, key)
    },
    drop(key) {
      transaction(() => {
        database.exec(`DROP TABLE point_${key}`)
        database.prepare('DELETE FROM collection WHERE key = ?').run(key)
      })
    },
    *points(key) {
      for (const row of database.prepare(`SELECT * FROM point_${key} ORDER BY slot`).iterate()) {
        yield {
          slot: Number(row.slot),
          id: row.id as PointId,
          version: Number(row.version),
          payload: JSON.parse(String(row.payload)),
          vector: row.vector instanceof Uint8Array ? toFloats(row.vector) : undefined,
        }
      }
    },
    write(key, { version, nextSlot, removed, written }) {
      transaction(() => {
        if (removed.length > 0) {
          const remove = database.prepare(`DELETE FROM point_${key} WHERE slot = ?`)
          for (const slot of removed) remove.run(slot)
        }
        if (written.length > 0) {
          const put = database.prepare(`INSERT OR REPLACE INTO point_${key} VALUES (?, ?, ?, ?, ?)`)
          for (const point of written) {
            const vector = point.vector ? toBytes(point.vector) : null
            put.run(point.slot, point.id, point.version, JSON.stringify(point.payload), vector)
          }
        }
        advance.run(version, nextSlot, key)
      })
    },
    close: () => database.close(),
  }
}

const toBytes = (vector: Float32Array): Uint8Array =>
  new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength)

/** A copy: the bytes need not lie on a multiple of four. */
const toFloats = (bytes: Uint8Array): Float32Array =>
  new Float32Array(Uint8Array.from(bytes).buffer)
