/** Every event the broker knows: unfinished ones in memory, ended ones in the journal, refused ones in a short list. */

import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { CloudEvent } from './event.ts'
import type { Journal } from './journal/journal.ts'
import { fromRow, insertOperation, updateOperation } from './journal/rows.ts'
import type { Operation } from './journal/schema.ts'
import { type DeliveryRecord, type EventRecord, type EventState, withDelivery } from './records.ts'
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

/** Which events to list, newest first. */
export interface EventQuery {
  readonly limit: number
  /** Only events that came before this `seq`. */
  readonly before?: number
  readonly state?: EventState
  readonly type?: string
  readonly id?: string
  readonly correlation?: string
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
  events(query: EventQuery): EventRecord[]
  find(id: string, source?: string): EventRecord | undefined
  /** Takes up what a former process left unfinished. */
  restore(): LiveEvent[]
  /** Called whenever no unfinished event is left. */
  onEmpty(listener: () => void): void
}

const KEPT_REFUSED = 1000

/** Each new event deletes up to this many old ones. */
const PRUNED_PER_INSERT = 4

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
    if (record.ended !== undefined) forget(record)
  }

  function settle({ seq, trigger, patch }: Settlement): EventRecord | undefined {
    const live = lives.get(seq)
    if (!live) return undefined
    live.record = withDelivery(live.record, trigger, patch, clock.now())
    persist(live)
    return live.record
  }

  function persist(live: LiveEvent): void {
    const { seq } = live.record
    if (turns.has(seq)) return void changed.add(seq)
    journal.write([updateOperation(live.record)]).then(
      () => {
        failing = false
        if (live.record.ended !== undefined) forget(live.record)
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

  function events(query: EventQuery): EventRecord[] {
    const wanted = (record: EventRecord): boolean =>
      (query.before === undefined || record.seq < query.before) &&
      (query.state === undefined || record.state === query.state) &&
      (query.type === undefined || record.attributes.type === query.type) &&
      (query.id === undefined || record.attributes.id === query.id) &&
      (query.correlation === undefined || record.attributes.correlationid === query.correlation)
    const known = new Map<number, EventRecord>()
    for (const record of endedRows(query)) if (!lives.has(record.seq)) known.set(record.seq, record)
    for (const { record } of lives.values()) if (wanted(record)) known.set(record.seq, record)
    for (const record of refused) if (wanted(record)) known.set(record.seq, record)
    return [...known.values()].sort((a, b) => b.seq - a.seq).slice(0, query.limit)
  }

  function endedRows(query: EventQuery): EventRecord[] {
    const filters = [
      ['seq < ?', query.before],
      ['state = ?', query.state],
      ['type = ?', query.type],
      ['id = ?', query.id],
      ['correlation = ?', query.correlation],
    ] as const
    const used = filters.filter(([, value]) => value !== undefined)
    const where = ['ended IS NOT NULL', ...used.map(([clause]) => clause)].join(' AND ')
    const values = used.map(([, value]) => value ?? '')
    // More than asked for, as some of these rows may have a newer state in memory.
    const limit = query.limit + Math.min(lives.size, 1000)
    return journal.rows(`${where} ORDER BY seq DESC LIMIT ?`, ...values, limit).map(fromRow)
  }

  function find(id: string, source?: string): EventRecord | undefined {
    const [row] =
      source === undefined
        ? journal.rows('id = ? ORDER BY seq DESC LIMIT 1', id)
        : journal.rows('id = ? AND source = ? ORDER BY seq DESC LIMIT 1', id, source)
    if (!row) {
      return refused.findLast(
        ({ attributes }) =>
          attributes.id === id && (source === undefined || attributes.source === source),
      )
    }
    const record = lives.get(row.seq)?.record ?? fromRow(row)
    const data = bodyOf(record)
    return data ? { ...record, data } : record
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
    events,
    find,
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
