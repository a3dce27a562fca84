/** The durable side of the broker: group commit through one writer thread, reads through a second connection. */

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Worker } from 'node:worker_threads'
import type { EndedEvent } from '../retention.ts'
import type { Answer, EventRow, Operation, Request } from './schema.ts'

/** Everything that must survive a crash goes through here. */
export interface Journal {
  /** Resolves once the operations are on the disk, all of them or none; rejects when they are not. */
  write(operations: readonly Operation[]): Promise<void>
  /** Rows of `events` by a WHERE clause of our own; only what is committed. */
  rows(where: string, ...values: (string | number)[]): EventRow[]
  /** The events that ended, the oldest end first. */
  ended(): EndedEvent[]
  /** The body of an event. */
  body(seq: number): Uint8Array | undefined
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
export async function createJournal({ directory }: { directory: string }): Promise<Journal> {
  mkdirSync(directory, { recursive: true })
  const file = join(directory, 'events.db')
  const worker = new Worker(new URL('./writer.ts', import.meta.url), {
    workerData: { file, lockFile: join(directory, 'events.lock') },
  })
  let waiting: Write[] = []
  let writing: Write[] = []
  let scheduled = false
  let broken: Error | undefined
  let drained: (() => void) | undefined

  await opened(worker)
  const reader = new DatabaseSync(file, { readOnly: true })
  const lastSeq = reader.prepare('SELECT coalesce(max(seq), 0) AS seq FROM events')
  const body = reader.prepare('SELECT data FROM bodies WHERE seq = ?')
  worker.on('message', onAnswer)
  worker.on('error', error => fail(error instanceof Error ? error : new Error(String(error))))
  worker.on('exit', () => fail(new Error('the journal is closed')))

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
    if (waiting.length === 0 || writing.length > 0 || broken) return
    let count = 0
    let taken = 0
    while (taken < waiting.length && count < MAX_BATCH_OPERATIONS) {
      count += waiting[taken]?.operations.length ?? 0
      taken += 1
    }
    writing = waiting.slice(0, taken)
    waiting = waiting.slice(taken)
    post({ batch: latest(writing.flatMap(write => write.operations)) })
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

  function fail(error: Error): void {
    broken ??= error
    for (const { reject } of [...writing, ...waiting]) reject(broken)
    writing = []
    waiting = []
    drained?.()
  }

  const post = (request: Request): void => worker.postMessage(request)

  let closing: Promise<void> | undefined
  async function close(): Promise<void> {
    if (waiting.length > 0 || writing.length > 0) {
      await new Promise<void>(resolve => {
        drained = resolve
      })
    }
    const gone = new Promise<void>(resolve => worker.once('exit', () => resolve()))
    if (!broken) {
      broken = new Error('the journal is closed')
      reader.close()
      post({ close: true })
      await gone
    } else if (reader.isOpen) reader.close()
  }

  return {
    write,
    rows: (where, ...values) =>
      reader.prepare(`SELECT * FROM events WHERE ${where}`).all(...values) as unknown as EventRow[],
    ended: () => reader.prepare(ENDED).all() as unknown as EndedEvent[],
    body: seq => body.get(seq)?.data as Uint8Array | undefined,
    lastSeq: () => Number(lastSeq.get()?.seq),
    close: () => {
      closing ??= close()
      return closing
    },
  }
}

const ENDED = 'SELECT seq, size, ended FROM events WHERE ended IS NOT NULL ORDER BY ended, seq'

interface Write {
  operations: readonly Operation[]
  resolve: () => void
  reject: (error: Error) => void
}

function opened(worker: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.once('error', reject)
    worker.once('message', (answer: Answer) => {
      worker.off('error', reject)
      if ('refused' in answer) reject(new Error(answer.refused))
      else resolve()
    })
  })
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
