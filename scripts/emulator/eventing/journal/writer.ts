/** The journal's one writer, in its own thread so that waiting for the disk never holds up a request. */

import { statSync } from 'node:fs'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import {
  type Answer,
  COLUMNS,
  type Operation,
  type Request,
  SCHEMA,
  SCHEMA_VERSION,
} from './schema.ts'

/** A whole-file check of more than this would be felt at every start. */
const CHECKED_BYTES = 64 * 1_048_576

const { file, lockFile } = workerData as { file: string; lockFile: string }

function serve(port: NonNullable<typeof parentPort>): void {
  const answer = (message: Answer): void => port.postMessage(message)
  const lock = takeLock(answer)
  const database = lock && open(answer)
  if (!lock || !database) {
    port.close()
    return
  }
  const apply = prepare(database)
  port.on('message', (request: Request) => {
    if ('close' in request) {
      database.close()
      lock.close()
      return port.close()
    }
    try {
      database.exec('BEGIN IMMEDIATE')
      for (const operation of request.batch) apply(operation)
      database.exec('COMMIT')
      answer({ done: true })
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK')
      answer({ done: true, error: describe(error) })
    }
  })
  answer({ opened: true })
}

/** An exclusive SQLite lock on a file of its own: the kernel gives it back however this process ends. */
function takeLock(answer: (message: Answer) => void): DatabaseSync | undefined {
  const lock = new DatabaseSync(lockFile)
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
    return lock
  } catch (error) {
    lock.close()
    answer({
      refused: /locked|busy/i.test(describe(error))
        ? `the state in ${lockFile} is in use by another emulator: stop it, or choose another folder with --state-dir`
        : `cannot lock ${lockFile}: ${describe(error)}`,
    })
    return undefined
  }
}

function open(answer: (message: Answer) => void): DatabaseSync | undefined {
  const database = new DatabaseSync(file)
  try {
    database.exec(
      'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY',
    )
    const version = database.prepare('PRAGMA user_version').get()?.user_version
    if (version !== 0 && version !== SCHEMA_VERSION) {
      throw new Error(`schema version must be ${SCHEMA_VERSION}, got ${version}`)
    }
    if (statSync(file).size <= CHECKED_BYTES) {
      const problem = database.prepare('PRAGMA quick_check(1)').get()?.quick_check
      if (problem !== 'ok') throw new Error(String(problem).replace(/\s+/g, ' '))
    }
    database.exec(`${SCHEMA} PRAGMA user_version = ${SCHEMA_VERSION}`)
    return database
  } catch (error) {
    database.close()
    answer({
      refused: `the broker's events in ${file} cannot be read (${describe(error)}): nothing was deleted; restore the file, or start fresh with --fresh`,
    })
    return undefined
  }
}

function prepare(database: DatabaseSync): (operation: Operation) => void {
  const insert = database.prepare(
    `INSERT INTO events (${COLUMNS}) VALUES (${COLUMNS.replace(/\w+/g, '?')})`,
  )
  const insertBody = database.prepare('INSERT INTO bodies (seq, data) VALUES (?, ?)')
  const update = database.prepare(
    'UPDATE events SET state = ?, ended = ?, detail = ? WHERE seq = ?',
  )
  const remove = database.prepare('DELETE FROM events WHERE seq = ?')
  const keepPosition = database.prepare('INSERT OR REPLACE INTO position (one, seq) VALUES (1, ?)')
  const keepReply = database.prepare(
    'INSERT OR REPLACE INTO replies (seq, trigger, head, data) VALUES (?, ?, ?, ?)',
  )
  const dropReply = database.prepare('DELETE FROM replies WHERE seq = ? AND trigger = ?')
  const table: { [Kind in Operation['kind']]: (operation: Of<Kind>) => unknown } = {
    insert({ row, data }) {
      insert.run(...valuesOf(row))
      if (data) insertBody.run(row.seq, data)
    },
    update: ({ seq, state, ended, detail }) => update.run(state, ended, detail, seq),
    delete: ({ seq }) => remove.run(seq),
    position: ({ seq }) => keepPosition.run(seq),
    reply: ({ seq, trigger, head, data }) => keepReply.run(seq, trigger, head, data ?? null),
    dropReply: ({ seq, trigger }) => dropReply.run(seq, trigger),
  }
  // The table pairs each kind with its operations.
  return operation => void (table[operation.kind] as (operation: Operation) => unknown)(operation)
}

type Of<Kind extends Operation['kind']> = Extract<Operation, { kind: Kind }>

function valuesOf(row: Of<'insert'>['row']): Parameters<StatementSync['run']>[1][] {
  return COLUMNS.split(', ').map(column => row[column as keyof typeof row])
}

const describe = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)

if (parentPort) serve(parentPort)
