/** Taking an event in: stamps it, matches it against every trigger once, and makes it durable before saying so. */

import type { Clock } from '../clock.ts'
import { type CloudEvent, EventError, MAX_EVENT_BYTES } from './event.ts'
import type { Facts } from './facts.ts'
import { match } from './filters.ts'
import type { Ledger, LiveEvent, Settlement } from './ledger.ts'
import {
  type DeliveryRecord,
  type EventRecord,
  type EventReference,
  type Miss,
  reference,
} from './records.ts'
import type { Registry } from './registry.ts'
import { stamp } from './ttl.ts'

/** The delivery whose answer the event is. */
export interface ReplyOf extends Settlement {
  readonly cause: NonNullable<EventRecord['cause']>
}

/** The one way into the broker, for producers and replies alike. */
export interface Intake {
  /**
   * Resolves when the event and its deliveries are on the disk.
   * @throws EventError when the broker refuses it (400, 404, 413); any other error means that it was not stored
   */
  accept(
    broker: string,
    event: CloudEvent,
    headers: Readonly<Record<string, string>>,
    reply?: ReplyOf,
  ): Promise<EventReference>
  /** Events on their way to the disk. */
  inFlight(): number
}

/** `onAccepted` gets each event that has deliveries to make; `onSettled` hears when none is on its way any more. */
export function createIntake(options: {
  registry: Registry
  ledger: Ledger
  clock: Clock
  facts: Facts
  onAccepted: (live: LiveEvent) => void
  onSettled: () => void
}): Intake {
  const { registry, ledger, clock, facts, onAccepted, onSettled } = options
  let inFlight = 0

  async function accept(
    broker: string,
    event: CloudEvent,
    headers: Readonly<Record<string, string>>,
    reply?: ReplyOf,
  ): Promise<EventReference> {
    const record = prepare(broker, event, reply)
    const settlement = reply && {
      ...reply,
      patch: { ...reply.patch, reply: reference(record.seq, record.attributes) },
    }
    inFlight += 1
    let live: LiveEvent
    try {
      live = await ledger.insert(record, headers, event.data, settlement)
    } finally {
      inFlight -= 1
      if (inFlight === 0) onSettled()
    }
    const base = { at: record.arrival, broker, event: reference(record.seq, record.attributes) }
    facts.emit({ kind: 'accepted', ...base })
    if (record.state === 'filtered') {
      facts.emit({
        kind: 'filtered',
        ...base,
        ...(record.reason !== undefined && { reason: record.reason }),
      })
    } else onAccepted(live)
    return base.event
  }

  function prepare(broker: string, event: CloudEvent, reply?: ReplyOf): EventRecord {
    const size = event.data?.length ?? 0
    if (size > MAX_EVENT_BYTES) {
      throw new EventError(`an event must be at most ${MAX_EVENT_BYTES} bytes, got ${size}`, 413)
    }
    if (!registry.broker(broker)) throw new EventError(`broker ${broker} does not exist`, 404)
    const arrival = clock.now()
    const stamped = stamp(event, arrival)
    const deliveries: DeliveryRecord[] = []
    const misses: Miss[] = []
    for (const { key, resource } of registry.triggers(broker)) {
      const result = match(resource, stamped)
      if (result.matched)
        deliveries.push({ trigger: key, state: 'pending', tries: 0, attempts: [] })
      else {
        const { attribute, wanted, got, passed } = result
        misses.push({ trigger: key, attribute, wanted, got, passed })
      }
    }
    const filtered = deliveries.length === 0
    return {
      seq: ledger.nextSeq(),
      broker,
      attributes: stamped.attributes,
      size,
      arrival,
      state: filtered ? 'filtered' : 'pending',
      ...(filtered && { ended: arrival, reason: nearestMiss(misses, broker) }),
      ...(reply && { cause: reply.cause }),
      deliveries,
      misses,
    }
  }

  return { accept, inFlight: () => inFlight }
}

/** The trigger that came closest, in words: most conditions held. */
function nearestMiss(misses: readonly Miss[], broker: string): string {
  const nearest = misses.reduce<Miss | undefined>(
    (best, miss) => (best && best.passed >= miss.passed ? best : miss),
    undefined,
  )
  if (!nearest) return `broker ${broker} has no trigger`
  const { trigger, attribute, wanted, got } = nearest
  return `no trigger matched; the nearest is ${trigger}, which wanted ${attribute} = ${wanted}, got ${got}`
}
