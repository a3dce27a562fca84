/** Between records and the rows of the journal. */

import { type Attributes, text } from '../event.ts'
import type { DeliveryRecord, EventRecord, EventState } from '../records.ts'
import type { EventRow, Operation } from './schema.ts'

/** Writes a new event. */
export function insertOperation(
  record: EventRecord,
  headers: Readonly<Record<string, string>>,
  data?: Uint8Array,
): Operation {
  const event = { attributes: record.attributes }
  const row: EventRow = {
    seq: record.seq,
    broker: record.broker,
    id: text(event, 'id'),
    source: text(event, 'source'),
    type: text(event, 'type'),
    correlation: text(event, 'correlationid'),
    arrival: record.arrival,
    size: record.size,
    attributes: JSON.stringify(record.attributes),
    headers: JSON.stringify(headers),
    misses: JSON.stringify(record.misses),
    cause: record.cause ? JSON.stringify(record.cause) : null,
    state: record.state,
    ended: record.ended ?? null,
    detail: detailOf(record),
  }
  return { kind: 'insert', row, ...(data && { data }) }
}

/** Writes an event's state. */
export const updateOperation = (record: EventRecord): Operation => ({
  kind: 'update',
  seq: record.seq,
  state: record.state,
  ended: record.ended ?? null,
  detail: detailOf(record),
})

/** Reads an event back, without its body. */
export function fromRow(row: EventRow): EventRecord {
  const detail = JSON.parse(row.detail) as { deliveries: DeliveryRecord[]; reason?: string }
  return {
    seq: row.seq,
    broker: row.broker,
    attributes: JSON.parse(row.attributes) as Attributes,
    size: row.size,
    arrival: row.arrival,
    state: row.state as EventState,
    ...(row.ended !== null && { ended: row.ended }),
    ...(detail.reason !== undefined && { reason: detail.reason }),
    ...(row.cause !== null && {
      cause: JSON.parse(row.cause) as NonNullable<EventRecord['cause']>,
    }),
    deliveries: detail.deliveries,
    misses: JSON.parse(row.misses) as EventRecord['misses'],
  }
}

const detailOf = ({ deliveries, reason }: EventRecord): string =>
  JSON.stringify({ deliveries, reason })
