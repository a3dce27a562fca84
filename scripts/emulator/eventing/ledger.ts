/** Every event the broker knows: unfinished ones in memory, ended ones in the journal, refused ones in a short list. */

import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { CloudEvent } from './event.ts'
import { createHistory, type History } from './history.ts'
import type { Journal } from './journal/journal.ts'
import { fromRow, insertOperation, updateOperation } from './journal/rows.ts'
import type { Operation } from './journal/schema.ts'
import { type DeliveryRecord, type EventRecord, withDelivery } from './records.ts'
import { createRetention } from './retention.ts'

/** An event with work left to do. */
export interface LiveEvent {
  record: EventRecord
  readonly headers: Readonly<Record<string, string>>
}

/** One delivery to change together with something else. */
export interface Settlement {
  readonly seq: number
  readonly trigger: string
  readonly patch: Partial<DeliveryRecord>
}

/** The broker's memory. */
export interface Ledger {
  nextSeq(): number
  /** Resolves once the event is on the disk, and in the same transaction the delivery that it is the reply of. */
  insert(
    record: EventRecord,
    headers: Readonly<Record<string, string>>,
    data?: Uint8Array,
    settlement?: Settlement,
  ): Promise<LiveEvent>
  refuse(record: EventRecord): void
  live(seq: number): LiveEvent | undefined
  lives(): Iterable<LiveEvent>
  /** How many events are unfinished, or ended and not yet on the disk as such. */
  size(): number
  /** The event with its body, for a delivery. */
  event(live: LiveEvent): CloudEvent
  /** Changes a delivery now and on the disk soon after. */
  settle(settlement: Settlement): EventRecord | undefined
  readonly history: History
  /** The same with its body. */
  withBody(record: EventRecord): EventRecord
  /** Calls once when the event has ended; returns how to forget that. */
  onEnd(seq: number, listener: (record: EventRecord) => void): () => void
  /** Deletes ended and refused events that `wanted` names; resolves with their number once they are gone. */
  purge(wanted: (record: EventRecord) => boolean): Promise<number>
  /** Takes up what a former process left unfinished. */
  restore(): LiveEvent[]
  /** Called whenever no unfinished event is left. */
  onEmpty(listener: () => void): void
}

const KEPT_REFUSED = 1000

/** Each new event deletes up to this many old ones. */
const PRUNED_PER_INSERT = 4

const PURGED_PER_WRITE = 256

const REWRITE_AFTER_MS = 1000

/** Bodies beyond this are read again from the journal when their turn comes. */
const BODY_BUDGET_BYTES = 64 * 1_048_576

/** A ledger over an open journal. */
export function createLedger({
  journal,
  clock,
  log,
}: {
  journal: Journal
  clock: Clock
  log: Log
}): Ledger {
  const lives = new Map<number, LiveEvent>()
  const bodies = new Map<number, Uint8Array>()
  const refused: EventRecord[] = []
  const retention = createRetention(journal.ended())
  /** The last write of a reply and its settlement, by the seq of the event that is settled. */
  const turns = new Map<number, Promise<void>>()
  /** Events that changed during such a write. */
  const changed = new Set<number>()
  let failing = false
  let bodyBytes = 0
  const endings = new Map<number, Set<(record: EventRecord) => void>>()
  let seq = journal.lastSeq()
  let empty: () => void = () => {}

  function insert(
    record: EventRecord,
    headers: Readonly<Record<string, string>>,
    data?: Uint8Array,
    settlement?: Settlement,
  ): Promise<LiveEvent> {
    const work = (): Promise<LiveEvent> => insertNow(record, headers, data, settlement)
    return settlement ? inTurn(settlement.seq, work) : work()
  }

  /**
   * While a reply is being written, its event's state is written by nobody else: they could not know yet whether it is
   * settled, and a write of their own would say that it is not, although the reply is there.
   */
  async function inTurn<T>(seq: number, work: () => Promise<T>): Promise<T> {
    const result = (turns.get(seq) ?? Promise.resolve()).then(work)
    const over = result.then(
      () => {},
      () => {},
    )
    turns.set(seq, over)
    try {
      return await result
    } finally {
      if (turns.get(seq) === over) {
        turns.delete(seq)
        const live = lives.get(seq)
        if (changed.delete(seq) && live) persist(live)
      }
    }
  }

  async function insertNow(
    record: EventRecord,
    headers: Readonly<Record<string, string>>,
    data?: Uint8Array,
    settlement?: Settlement,
  ): Promise<LiveEvent> {
    const operations: Operation[] = [insertOperation(record, headers, data)]
    const answered = settlement && lives.get(settlement.seq)
    const base = answered?.record
    const next =
      settlement && base && withDelivery(base, settlement.trigger, settlement.patch, clock.now())
    if (next) operations.push(updateOperation(next))
    for (const seq of retention.take(clock.now(), PRUNED_PER_INSERT)) {
      operations.push({ kind: 'delete', seq })
    }
    await journal.write(operations)
    const live = { record, headers }
    if (record.ended === undefined) {
      lives.set(record.seq, live)
      if (data) keepBody(record.seq, data)
    } else retention.add({ seq: record.seq, size: record.size, ended: record.ended })
    if (settlement && answered && next) {
      if (answered.record === base) replace(answered, next)
      else settle(settlement)
    }
    return live
  }

  /** For a change that is on the disk already. */
  function replace(live: LiveEvent, record: EventRecord): void {
    live.record = record
    if (record.ended === undefined) return
    forget(record)
    tellEnd(record)
  }

  function tellEnd(record: EventRecord): void {
    const listeners = endings.get(record.seq) ?? []
    endings.delete(record.seq)
    for (const listener of listeners) listener(record)
  }

  function onEnd(seq: number, listener: (record: EventRecord) => void): () => void {
    const listeners = endings.get(seq) ?? new Set()
    endings.set(seq, listeners.add(listener))
    return () => listeners.delete(listener)
  }

  function settle({ seq, trigger, patch }: Settlement): EventRecord | undefined {
    const live = lives.get(seq)
    if (!live) return undefined
    const wasOver = live.record.ended !== undefined
    live.record = withDelivery(live.record, trigger, patch, clock.now())
    persist(live)
    if (!wasOver && live.record.ended !== undefined) tellEnd(live.record)
    return live.record
  }

  function persist(live: LiveEvent): void {
    const { seq } = live.record
    if (turns.has(seq)) return void changed.add(seq)
    const { record } = live
    journal.write([updateOperation(record)]).then(
      () => {
        failing = false
        // An end that came during this write is on the disk only after its own.
        if (record.ended !== undefined && live.record === record) forget(record)
      },
      (error: Error) => {
        // Once, and not each second for each event.
        if (!failing)
          log.error('broker', `event state not written, trying until it is: ${error.message}`)
        failing = true
        setTimeout(() => persist(live), REWRITE_AFTER_MS).unref()
      },
    )
  }

  function keepBody(seq: number, data: Uint8Array): void {
    if (bodyBytes + data.length > BODY_BUDGET_BYTES) return
    bodyBytes += data.length
    bodies.set(seq, data)
  }

  /** The end of an event is on the disk: only the journal knows it from here on. */
  function forget({ seq, size, ended = 0 }: EventRecord): void {
    if (!lives.delete(seq)) return
    bodyBytes -= bodies.get(seq)?.length ?? 0
    bodies.delete(seq)
    retention.add({ seq, size, ended })
    if (lives.size === 0) empty()
  }

  function bodyOf(record: EventRecord): Uint8Array | undefined {
    return record.size === 0 ? undefined : (bodies.get(record.seq) ?? journal.body(record.seq))
  }

  function withBody(record: EventRecord): EventRecord {
    const data = bodyOf(record)
    return data ? { ...record, data } : record
  }

  async function purge(wanted: (record: EventRecord) => boolean): Promise<number> {
    const gone: number[] = []
    for (const row of journal.rows('ended IS NOT NULL')) {
      if (!lives.has(row.seq) && wanted(fromRow(row))) gone.push(row.seq)
    }
    // The latest may be among them, and its number stays its own.
    if (gone.length > 0) await journal.write([{ kind: 'position', seq }])
    for (let at = 0; at < gone.length; at += PURGED_PER_WRITE) {
      const part = gone.slice(at, at + PURGED_PER_WRITE)
      await journal.write(part.map(seq => ({ kind: 'delete', seq })))
      retention.forget(part)
    }
    const kept = refused.filter(record => !wanted(record))
    const count = gone.length + refused.length - kept.length
    refused.splice(0, refused.length, ...kept)
    return count
  }

  return {
    nextSeq() {
      seq += 1
      return seq
    },
    insert,
    refuse(record) {
      refused.push(record)
      if (refused.length > KEPT_REFUSED) refused.shift()
    },
    live: seq => lives.get(seq),
    lives: () => lives.values(),
    size: () => lives.size,
    event(live) {
      const data = bodyOf(live.record)
      return { attributes: live.record.attributes, ...(data && { data }) }
    },
    settle,
    history: createHistory({
      journal,
      live: seq => lives.get(seq)?.record,
      lives: () => lives.values().map(({ record }) => record),
      refused: () => refused,
    }),
    withBody,
    onEnd,
    purge,
    restore() {
      for (const row of journal.rows('ended IS NULL ORDER BY seq')) {
        lives.set(row.seq, {
          record: fromRow(row),
          headers: JSON.parse(row.headers) as Record<string, string>,
        })
      }
      return [...lives.values()]
    },
    onEmpty(listener) {
      empty = listener
    },
  }
}
