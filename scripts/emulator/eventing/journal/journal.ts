/** The durable side of the broker: group commit through one writer thread, reads through a second connection. */

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Log } from '../../log.ts'
import type { EndedEvent } from '../retention.ts'
import type { Answer, EventRow, Operation } from './schema.ts'
import { startWriterThread } from './writer-thread.ts'

/** Everything that must survive a crash goes through here. */
export interface Journal {
  /**
   * Resolves once the operations are on the disk, all of them or none; rejects when they are not. What comes while the
   * writer is started again waits for it.
   */
  write(operations: readonly Operation[]): Promise<void>
  /** Rows of `events` by a WHERE clause of our own; only what is committed. */
  rows(where: string, ...values: (string | number)[]): EventRow[]
  /** The events that ended, the oldest end first. */
  ended(): EndedEvent[]
  /** The body of an event. */
  body(seq: number): Uint8Array | undefined
  /** An answer that waits for its address. */
  reply(seq: number, trigger: string): { head: string; data?: Uint8Array } | undefined
  /** The last position given to an event. */
  lastSeq(): number
  /** Writes what is waiting and gives the files back. */
  close(): Promise<void>
}

/** Bounds one transaction, so that the first of a burst does not wait for the last. */
const MAX_BATCH_OPERATIONS = 512

/**
 * Opens or creates the journal in `directory`.
 * @throws Error when another process holds it or it cannot be read, saying what to do
 */
export async function createJournal({
  directory,
  log,
}: {
  directory: string
  log: Log
}): Promise<Journal> {
  mkdirSync(directory, { recursive: true })
  const file = join(directory, 'events.db')
  let waiting: Write[] = []
  let writing: Write[] = []
  let scheduled = false
  let broken: Error | undefined
  let drained: (() => void) | undefined

  const writer = await startWriterThread({
    file,
    lockFile: join(directory, 'events.lock'),
    log,
    onAnswer,
    onLost,
    onBack: () => flush(),
    onGivenUp: fail,
  })
  const reader = new DatabaseSync(file, { readOnly: true })
  const lastSeq = reader.prepare(LAST_SEQ)
  const reply = reader.prepare('SELECT head, data FROM replies WHERE seq = ? AND trigger = ?')
  const body = reader.prepare('SELECT data FROM bodies WHERE seq = ?')

  function write(operations: readonly Operation[]): Promise<void> {
    if (broken) return Promise.reject(broken)
    return new Promise((resolve, reject) => {
      waiting.push({ operations, resolve, reject })
      schedule()
    })
  }

  /** One turn of the event loop later, so that requests which came together are committed together. */
  function schedule(): void {
    if (scheduled || writing.length > 0) return
    scheduled = true
    setImmediate(flush)
  }

  function flush(): void {
    scheduled = false
    if (waiting.length === 0 || writing.length > 0 || broken || !writer.isUp()) return
    let count = 0
    let taken = 0
    while (taken < waiting.length && count < MAX_BATCH_OPERATIONS) {
      count += waiting[taken]?.operations.length ?? 0
      taken += 1
    }
    writing = waiting.slice(0, taken)
    waiting = waiting.slice(taken)
    writer.post({ batch: latest(writing.flatMap(write => write.operations)) })
  }

  function onAnswer(answer: Answer): void {
    if (!('done' in answer)) return
    const finished = writing
    writing = []
    if (waiting.length > 0) flush()
    for (const { resolve, reject } of finished) {
      if (answer.error === undefined) resolve()
      else reject(new Error(`cannot write ${file}: ${answer.error}`))
    }
    if (waiting.length === 0 && writing.length === 0) drained?.()
  }

  function onLost(error: Error): void {
    const lost = writing
    writing = []
    const done = isWritten(lost)
    for (const { resolve, reject } of lost) {
      if (done) resolve()
      else reject(error)
    }
    if (waiting.length === 0) drained?.()
  }

  /** The thread may have ended between the commit and its answer. A batch is all or nothing, so any insert tells. */
  function isWritten(batch: readonly Write[]): boolean {
    const insert = batch.flatMap(write => write.operations).find(({ kind }) => kind === 'insert')
    if (insert?.kind !== 'insert') return false
    try {
      return reader.prepare('SELECT 1 FROM events WHERE seq = ?').get(insert.row.seq) !== undefined
    } catch {
      return false
    }
  }

  function fail(error: Error): void {
    broken ??= error
    for (const { reject } of [...writing, ...waiting]) reject(broken)
    writing = []
    waiting = []
    drained?.()
  }

  let closing: Promise<void> | undefined
  async function close(): Promise<void> {
    if (waiting.length > 0 || writing.length > 0) {
      await new Promise<void>(resolve => {
        drained = resolve
      })
    }
    broken ??= new Error('the journal is closed')
    reader.close()
    await writer.close()
  }

  return {
    write,
    rows: (where, ...values) =>
      reader.prepare(`SELECT * FROM events WHERE ${where}`).all(...values) as unknown as EventRow[],
    ended: () => reader.prepare(ENDED).all() as unknown as EndedEvent[],
    body: seq => body.get(seq)?.data as Uint8Array | undefined,
    reply(seq, trigger) {
      const row = reply.get(seq, trigger)
      if (!row) return undefined
      const { head, data } = row
      return { head: String(head), ...(data instanceof Uint8Array && { data }) }
    },
    lastSeq: () => Number(lastSeq.get()?.seq),
    close: () => {
      closing ??= close()
      return closing
    },
  }
}

const LAST_SEQ = `
  SELECT coalesce(max(seq), 0) AS seq FROM (SELECT max(seq) AS seq FROM events UNION ALL SELECT seq FROM position)`
const ENDED = 'SELECT seq, size, ended FROM events WHERE ended IS NOT NULL ORDER BY ended, seq'

interface Write {
  operations: readonly Operation[]
  resolve: () => void
  reject: (error: Error) => void
}

/** Of several updates of one event only the last is written. */
function latest(operations: readonly Operation[]): Operation[] {
  const last = new Map<number, Operation>()
  for (const operation of operations)
    if (operation.kind === 'update') last.set(operation.seq, operation)
  return operations.filter(
    operation => operation.kind !== 'update' || last.get(operation.seq) === operation,
  )
}
