/** The jobs of JobSinks on the disk: one that was accepted is not forgotten, whatever happens to us. */
import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** `running` until a try succeeded or none is left. */
export type JobState = 'running' | 'complete' | 'failed'

/** The one job of an event at a JobSink. */
export interface JobRecord {
  /** Of namespace, sink, source and id. */
  readonly key: string
  readonly namespace: string
  readonly sink: string
  readonly source: string
  readonly id: string
  readonly state: JobState
  /** Tries that have ended. */
  readonly tries: number
  /** Virtual milliseconds. */
  readonly created: number
  readonly ended?: number
  /** Why it failed. */
  readonly reason?: string
}

/** What says which job is meant. */
export type JobName = Pick<JobRecord, 'namespace' | 'sink' | 'source' | 'id'>

/** The table of jobs. */
export interface JobStore {
  /** On the disk when it returns; false when the event has a job already. */
  insert(name: JobName, event: Uint8Array, now: number): boolean
  find(name: JobName): JobRecord | undefined
  get(key: string): JobRecord | undefined
  /** The event, in structured form. */
  event(key: string): Uint8Array
  update(
    key: string,
    change: Partial<Pick<JobRecord, 'state' | 'tries' | 'ended' | 'reason'>>,
  ): void
  /** Oldest first. */
  list(namespace: string, sink: string): JobRecord[]
  /** Forgets the jobs of a sink. */
  remove(namespace: string, sink: string): void
  /** Forgets one. */
  forget(key: string): void
  /** Forgets finished jobs that ended before `limit`, and all but the latest `kept`; returns their keys. */
  prune(namespace: string, sink: string, limit: number, kept: number): string[]
  /** When the first of the finished jobs of a sink ended. */
  oldestEnd(namespace: string, sink: string): number | undefined
  close(): void
}

/** Opens the table in the folder, which is made. */
export function openJobStore(directory: string): JobStore {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const database = new DatabaseSync(join(directory, 'jobs.sqlite'))
  database.exec(SCHEMA)
  const prepare = (sql: string) => database.prepare(sql)
  const insert = prepare(
    'INSERT OR IGNORE INTO jobs (key, namespace, sink, source, id, created, event) VALUES (?, ?, ?, ?, ?, ?, ?)',
  )
  const get = prepare(`SELECT ${COLUMNS} FROM jobs WHERE key = ?`)
  const event = prepare('SELECT event FROM jobs WHERE key = ?')
  const update = prepare(
    'UPDATE jobs SET state = ?, tries = ?, ended = ?, reason = ? WHERE key = ?',
  )
  const list = prepare(
    `SELECT ${COLUMNS} FROM jobs WHERE namespace = ? AND sink = ? ORDER BY rowid`,
  )
  const remove = prepare('DELETE FROM jobs WHERE namespace = ? AND sink = ?')
  const forget = prepare('DELETE FROM jobs WHERE key = ?')
  const prune = prepare(
    `DELETE FROM jobs WHERE namespace = ?1 AND sink = ?2 AND state <> 'running' AND (ended <= ?3 OR rowid NOT IN (
       SELECT rowid FROM jobs WHERE namespace = ?1 AND sink = ?2 ORDER BY rowid DESC LIMIT ?4)) RETURNING key`,
  )
  const oldest = prepare('SELECT MIN(ended) AS ended FROM jobs WHERE namespace = ? AND sink = ?')
  let open = true

  const read = (key: string): JobRecord | undefined => {
    const row = get.get(key)
    return row && toRecord(row)
  }

  return {
    insert: (name, content, now) =>
      insert.run(keyOf(name), name.namespace, name.sink, name.source, name.id, now, content)
        .changes === 1,
    find: name => read(keyOf(name)),
    get: read,
    event: key => {
      const found = event.get(key)?.event
      return found instanceof Uint8Array ? found : new Uint8Array(0)
    },
    update(key, change) {
      const before = read(key)
      if (!before) return
      const { state, tries, ended = null, reason = null } = { ...before, ...change }
      update.run(state, tries, ended, reason, key)
    },
    list: (namespace, sink) => list.all(namespace, sink).map(toRecord),
    remove: (namespace, sink) => void remove.run(namespace, sink),
    forget: key => void forget.run(key),
    prune: (namespace, sink, limit, kept) =>
      prune.all(namespace, sink, limit, kept).map(({ key }) => String(key)),
    oldestEnd(namespace, sink) {
      const ended = oldest.get(namespace, sink)?.ended
      return typeof ended === 'number' ? ended : undefined
    },
    close() {
      if (open) database.close()
      open = false
    },
  }
}

const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS jobs (
    key TEXT PRIMARY KEY, namespace TEXT NOT NULL, sink TEXT NOT NULL, source TEXT NOT NULL, id TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'running', tries INTEGER NOT NULL DEFAULT 0, created REAL NOT NULL, ended REAL,
    reason TEXT, event BLOB NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS jobs_by_sink ON jobs (namespace, sink);
`
const COLUMNS = 'key, namespace, sink, source, id, state, tries, created, ended, reason'

/** As on a cluster, where a Job has the name of its event's hash: another event of the same name is the same job. */
function keyOf({ namespace, sink, source, id }: JobName): string {
  return createHash('sha256')
    .update(JSON.stringify([namespace, sink, source, id]))
    .digest('hex')
}

function toRecord(row: Readonly<Record<string, unknown>>): JobRecord {
  const { ended, reason, state } = row
  return {
    key: String(row.key),
    namespace: String(row.namespace),
    sink: String(row.sink),
    source: String(row.source),
    id: String(row.id),
    state: state === 'complete' || state === 'failed' ? state : 'running',
    tries: Number(row.tries),
    created: Number(row.created),
    ...(typeof ended === 'number' && { ended }),
    ...(typeof reason === 'string' && { reason }),
  }
}
