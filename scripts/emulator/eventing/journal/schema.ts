/** The tables of the broker's journal, and the messages between the main thread and its one writer. */

/** Bodies stand apart, so that a state change never rewrites them; `position` is there once the latest event may be gone. */
export const SCHEMA = `
CREATE TABLE IF NOT EXISTS events (
  seq INTEGER PRIMARY KEY,
  broker TEXT NOT NULL,
  id TEXT NOT NULL,
  source TEXT NOT NULL,
  type TEXT NOT NULL,
  correlation TEXT NOT NULL,
  arrival REAL NOT NULL,
  size INTEGER NOT NULL,
  attributes TEXT NOT NULL,
  headers TEXT NOT NULL,
  misses TEXT NOT NULL,
  cause TEXT,
  state TEXT NOT NULL,
  ended REAL,
  detail TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS events_id ON events (id);
CREATE INDEX IF NOT EXISTS events_open ON events (seq) WHERE ended IS NULL;
CREATE TABLE IF NOT EXISTS bodies (seq INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS position (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS replies (
  seq INTEGER NOT NULL, trigger TEXT NOT NULL, head TEXT NOT NULL, data BLOB, PRIMARY KEY (seq, trigger)
);
DELETE FROM replies WHERE seq NOT IN (SELECT seq FROM events WHERE ended IS NULL);
CREATE TRIGGER IF NOT EXISTS events_pruned AFTER DELETE ON events BEGIN
  DELETE FROM bodies WHERE seq = old.seq;
END;
`

/** Raised when the tables change in a way that older state cannot be read with. */
export const SCHEMA_VERSION = 1

/** Columns of `events`, in the order of `EventRow`. */
export const COLUMNS =
  'seq, broker, id, source, type, correlation, arrival, size, attributes, headers, misses, cause, state, ended, detail'

/** One event as it stands in the table; `attributes`, `headers`, `misses`, `cause` and `detail` are JSON. */
export interface EventRow {
  readonly seq: number
  readonly broker: string
  readonly id: string
  readonly source: string
  readonly type: string
  readonly correlation: string
  readonly arrival: number
  readonly size: number
  readonly attributes: string
  readonly headers: string
  readonly misses: string
  readonly cause: string | null
  readonly state: string
  readonly ended: number | null
  readonly detail: string
}

/** What the writer is asked to do; the operations of one batch are one transaction. */
export type Operation =
  | { readonly kind: 'insert'; readonly row: EventRow; readonly data?: Uint8Array }
  | {
      readonly kind: 'update'
      readonly seq: number
      readonly state: string
      readonly ended: number | null
      readonly detail: string
    }
  | { readonly kind: 'delete'; readonly seq: number }
  /** No event gets this position or one before it again. */
  | { readonly kind: 'position'; readonly seq: number }
  /** An answer that waits; `head` is JSON. */
  | {
      readonly kind: 'reply'
      readonly seq: number
      readonly trigger: string
      readonly head: string
      readonly data?: Uint8Array
    }
  | { readonly kind: 'dropReply'; readonly seq: number; readonly trigger: string }

/** From the main thread to the writer; `close` is the last. */
export type Request = { readonly batch: readonly Operation[] } | { readonly close: true }

/** From the writer: opened, or one batch done, or an error in words. */
export type Answer =
  | { readonly opened: true }
  | { readonly done: true; readonly error?: string }
  | { readonly refused: string }
