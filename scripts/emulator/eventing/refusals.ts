/** What was refused: kept in the ledger with the reason, and told. */

import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { Headers } from './codec.ts'
import type { Facts } from './facts.ts'
import type { OnRefused } from './ingress.ts'
import type { Ledger } from './ledger.ts'
import { type EventRecord, reference } from './records.ts'

/** Writes each refusal down. */
export function createRefusals(options: {
  ledger: Ledger
  clock: Clock
  log: Log
  facts: Facts
}): OnRefused {
  const { ledger, clock, log, facts } = options
  return (broker, headers, { status, message: reason }) => {
    const arrival = clock.now()
    const attributes = claimed(headers)
    const record: EventRecord = {
      seq: ledger.nextSeq(),
      broker,
      attributes,
      size: 0,
      arrival,
      state: 'refused',
      ended: arrival,
      reason,
      deliveries: [],
      misses: [],
    }
    ledger.refuse(record)
    log.warn('broker', `refused an event with ${status}: ${reason}`)
    const event = reference(record.seq, attributes)
    facts.emit({ kind: 'refused', at: arrival, broker, event, reason })
  }
}

/** What a refused request said of itself, cut short. */
function claimed(headers: Headers): Record<string, string> {
  const attributes: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (/^ce-[a-z0-9]+$/i.test(name))
      attributes[name.slice(3).toLowerCase()] = String(value).slice(0, 200)
  }
  return attributes
}
