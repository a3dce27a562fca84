/** Looking events up: what is in memory and what the journal holds, as one list. */

import type { Journal } from './journal/journal.ts'
import { fromRow } from './journal/rows.ts'
import type { EventRecord, EventState } from './records.ts'

/** Which events to list, newest first. */
export interface EventQuery {
  readonly limit: number
  /** Only events that came before this `seq`. */
  readonly before?: number
  readonly state?: EventState
  readonly type?: string
  readonly source?: string
  readonly id?: string
  /** `<namespace>/<name>`, `channel/<namespace>/<name>`, or the name alone. */
  readonly broker?: string
  readonly correlation?: string
}

/** Reads only. */
export interface History {
  events(query: EventQuery): EventRecord[]
  /** The latest event with this id, without its body. */
  find(id: string, source?: string): EventRecord | undefined
  at(seq: number): EventRecord | undefined
  /** The events that come from this one, the oldest first. */
  children(seq: number): EventRecord[]
}

/** `lives` and `refused` are looked at anew at each call; what is in memory is newer than its row. */
export function createHistory(options: {
  journal: Journal
  live: (seq: number) => EventRecord | undefined
  lives: () => Iterable<EventRecord>
  refused: () => readonly EventRecord[]
}): History {
  const { journal, live, lives, refused } = options

  function events(query: EventQuery): EventRecord[] {
    const tests = FILTERS.filter(({ name }) => query[name] !== undefined)
    const wanted = (record: EventRecord): boolean =>
      tests.every(({ name, holds }) => holds(record, query[name] ?? ''))
    const known = new Map<number, EventRecord>()
    let unfinished = 0
    for (const record of lives()) {
      unfinished += 1
      if (wanted(record)) known.set(record.seq, record)
    }
    // More than asked for, as some of these rows may have a newer state in memory.
    const limit = query.limit + Math.min(unfinished, 1000)
    const where = ['ended IS NOT NULL', ...tests.map(({ clause }) => clause)].join(' AND ')
    const values = tests.map(({ name }) => query[name] ?? '')
    for (const row of journal.rows(`${where} ORDER BY seq DESC LIMIT ?`, ...values, limit)) {
      if (!live(row.seq)) known.set(row.seq, fromRow(row))
    }
    for (const record of refused()) if (wanted(record)) known.set(record.seq, record)
    return [...known.values()].sort((a, b) => b.seq - a.seq).slice(0, query.limit)
  }

  function find(id: string, source?: string): EventRecord | undefined {
    const [row] =
      source === undefined
        ? journal.rows('id = ? ORDER BY seq DESC LIMIT 1', id)
        : journal.rows('id = ? AND source = ? ORDER BY seq DESC LIMIT 1', id, source)
    if (row) return live(row.seq) ?? fromRow(row)
    return refused().findLast(
      ({ attributes }) =>
        attributes.id === id && (source === undefined || attributes.source === source),
    )
  }

  function at(seq: number): EventRecord | undefined {
    const known = live(seq) ?? refused().find(record => record.seq === seq)
    if (known) return known
    const [row] = journal.rows('seq = ?', seq)
    return row && fromRow(row)
  }

  const children = (seq: number): EventRecord[] =>
    journal
      .rows("seq > ? AND json_extract(cause, '$.seq') = ? ORDER BY seq LIMIT ?", seq, seq, CHILDREN)
      .map(row => live(row.seq) ?? fromRow(row))

  return { events, find, at, children }
}

/** Of one event; a loop has one each. */
const CHILDREN = 200

type Value = string | number

interface Filter {
  readonly name: Exclude<keyof EventQuery, 'limit'>
  readonly clause: string
  readonly holds: (record: EventRecord, value: Value) => boolean
}

const FILTERS: readonly Filter[] = [
  { name: 'before', clause: 'seq < ?', holds: ({ seq }, value) => seq < Number(value) },
  { name: 'state', clause: 'state = ?', holds: ({ state }, value) => state === value },
  { name: 'type', clause: 'type = ?', holds: byAttribute('type') },
  { name: 'source', clause: 'source = ?', holds: byAttribute('source') },
  { name: 'id', clause: 'id = ?', holds: byAttribute('id') },
  {
    name: 'broker',
    clause: "'/' || broker LIKE '%/' || ?",
    holds: ({ broker }, value) => `/${broker}`.endsWith(`/${value}`),
  },
  { name: 'correlation', clause: 'correlation = ?', holds: byAttribute('correlationid') },
]

function byAttribute(name: string): Filter['holds'] {
  return ({ attributes }, value) => attributes[name] === value
}
