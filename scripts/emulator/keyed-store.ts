/** Small things kept by key in a file, as etcd does. SQLite commits with fsync, so they survive kill -9 and power loss. */
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { isObject } from './manifests/field.ts'

/** Values by key, in the order in which their keys first came. Every change is on the disk when its call returns. */
export interface KeyedStore {
  entries(): [key: string, value: StoredValue][]
  get(key: string): StoredValue | undefined
  /** @throws Error that names the file when the disk does not take it; nothing changed then */
  put(key: string, value: StoredValue): void
  /** The same of many: all of them or none. */
  putAll(entries: readonly (readonly [key: string, value: StoredValue])[]): void
  /** All of them or none; harmless for those that are not there. @throws Error as `put` */
  remove(keys: readonly string[]): void
  close(): void
}

/** Plain JSON. */
export type StoredValue = Readonly<Record<string, unknown>>

/** Secrets are among the objects. */
const MODE = 0o600

/**
 * Reads `file`, which is made by the first write only. Without one nothing outlives the process.
 * @throws Error that names the file and `what` is in it, and says what to do, when it cannot be read
 */
export function openKeyedStore(file: string | undefined, what: string): KeyedStore {
  let database: DatabaseSync | undefined
  const known = reading(() => {
    if (file === undefined || !existsSync(file)) return new Map<string, StoredValue>()
    database = open(file)
    return new Map(load(database))
  })
  let closed = false

  function reading<T>(work: () => T): T {
    try {
      return work()
    } catch (cause) {
      database?.close()
      throw new Error(
        `${what}, in "${file}", cannot be read (${describe(cause)}): nothing was deleted; restore or move the file, or start with --fresh`,
        { cause },
      )
    }
  }

  function write(work: (database: DatabaseSync) => void): void {
    if (closed) throw new Error(`"${file}" is closed`)
    if (file === undefined) return
    try {
      database ??= open(file)
      database.exec('BEGIN IMMEDIATE')
      work(database)
      database.exec('COMMIT')
    } catch (cause) {
      if (database?.isTransaction) database.exec('ROLLBACK')
      throw new Error(`cannot write "${file}": ${describe(cause)}`, { cause })
    }
  }

  function putAll(entries: readonly (readonly [key: string, value: StoredValue])[]): void {
    write(target => {
      const put = target.prepare(PUT)
      for (const [key, value] of entries) put.run(key, JSON.stringify(value))
    })
    for (const [key, value] of entries) known.set(key, value)
  }

  return {
    entries: () => [...known],
    get: key => known.get(key),
    put: (key, value) => putAll([[key, value]]),
    putAll,
    remove(keys) {
      const there = keys.filter(key => known.has(key))
      if (there.length === 0) return
      write(target => {
        const remove = target.prepare('DELETE FROM entries WHERE key = ?')
        for (const key of there) remove.run(key)
      })
      for (const key of there) known.delete(key)
    },
    close() {
      closed = true
      database?.close()
      database = undefined
    },
  }
}

const SCHEMA_VERSION = 1
const SCHEMA = `CREATE TABLE IF NOT EXISTS entries (position INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE,
  value TEXT NOT NULL) STRICT; PRAGMA user_version = ${SCHEMA_VERSION}`
const PUT = `INSERT INTO entries (key, value) VALUES (?, ?)
  ON CONFLICT (key) DO UPDATE SET value = excluded.value`

function open(file: string): DatabaseSync {
  mkdirSync(dirname(file), { recursive: true })
  // SQLite gives the files beside it the mode of the file itself.
  closeSync(openSync(file, 'a', MODE))
  const database = new DatabaseSync(file, { timeout: 5_000 })
  try {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
    const version = database.prepare('PRAGMA user_version').get()?.user_version
    if (version !== 0 && version !== SCHEMA_VERSION) {
      throw new Error(`schema version must be ${SCHEMA_VERSION}, got ${version}`)
    }
    const problem = database.prepare('PRAGMA quick_check(1)').get()?.quick_check
    if (problem !== 'ok') throw new Error(String(problem).replace(/\s+/g, ' '))
    if (version === 0) database.exec(SCHEMA)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

function load(database: DatabaseSync): [string, StoredValue][] {
  const rows = database.prepare('SELECT key, value FROM entries ORDER BY position').all()
  return rows.map(({ key, value }) => {
    const parsed: unknown = JSON.parse(String(value))
    if (!isObject(parsed)) throw new Error(`the value of ${key} must be an object`)
    return [String(key), parsed]
  })
}

const describe = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)
