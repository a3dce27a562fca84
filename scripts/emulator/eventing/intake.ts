/** Taking an event in: stamps it, matches it against every trigger once, and makes it durable before saying so. */

import type { Clock } from '../clock.ts'
import { type CloudEvent, EventError, MAX_EVENT_BYTES } from './event.ts'
import type { Facts } from './facts.ts'
import { type Match, match } from './filters.ts'
import { inWords } from './hub.ts'
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

/** The event that this one comes from, and the delivery that ends in the same transaction. */
export interface Origin {
  readonly cause: NonNullable<EventRecord['cause']>
  readonly settlement?: Settlement
}

/** The one way into brokers and channels, for producers and replies alike. */
export interface Intake {
  /**
   * Resolves when the event and its deliveries are on the disk.
   * @throws EventError when it is refused (400, 404, 413); any other error means that it was not stored
   */
  accept(
    hub: string,
    event: CloudEvent,
    headers: Readonly<Record<string, string>>,
    origin?: Origin,
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
  /** Hears of filters that cannot work, when an event shows it. */
  warn: (message: string) => void
  onAccepted: (live: LiveEvent) => void
  onSettled: () => void
}): Intake {
  const { registry, ledger, clock, facts, warn, onAccepted, onSettled } = options
  let inFlight = 0

  async function accept(
    hub: string,
    event: CloudEvent,
    headers: Readonly<Record<string, string>>,
    origin?: Origin,
  ): Promise<EventReference> {
    const record = prepare(hub, event, origin)
    const settlement = origin?.settlement && {
      ...origin.settlement,
      patch: { ...origin.settlement.patch, reply: reference(record.seq, record.attributes) },
    }
    inFlight += 1
    let live: LiveEvent
    try {
      live = await ledger.insert(record, headers, event.data, settlement)
    } finally {
      inFlight -= 1
      if (inFlight === 0) onSettled()
    }
    const base = {
      at: record.arrival,
      broker: hub,
      event: reference(record.seq, record.attributes),
    }
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

  function prepare(hub: string, event: CloudEvent, origin?: Origin): EventRecord {
    const size = event.data?.length ?? 0
    if (size > MAX_EVENT_BYTES) {
      throw new EventError(`an event must be at most ${MAX_EVENT_BYTES} bytes, got ${size}`, 413)
    }
    if (!registry.hasHub(hub)) throw new EventError(`${inWords(hub, 'broker')} does not exist`, 404)
    const arrival = clock.now()
    // A channel hands on what it gets; the hop budget and the arrival time are the broker ingress's.
    const stamped = hub.startsWith('channel/') ? event : stamp(event, arrival)
    const deliveries: DeliveryRecord[] = []
    const misses: Miss[] = []
    for (const { key, resource, notReady } of registry.subscribers(hub)) {
      if (notReady !== undefined) {
        misses.push({ trigger: key, ...UNREADY, got: notReady })
        continue
      }
      const result: Match =
        'broker' in resource
          ? match(resource, stamped, message => warn(`${inWords(key, 'trigger')}: ${message}`))
          : MATCHED
      if (result.matched)
        deliveries.push({ trigger: key, state: 'pending', tries: 0, attempts: [] })
      else {
        const { matched: _, ...miss } = result
        misses.push({ trigger: key, ...miss })
      }
    }
    const filtered = deliveries.length === 0
    return {
      seq: ledger.nextSeq(),
      broker: hub,
      attributes: stamped.attributes,
      size,
      arrival,
      state: filtered ? 'filtered' : 'pending',
      ...(filtered && { ended: arrival, reason: nearestMiss(misses, hub) }),
      ...(origin && { cause: origin.cause }),
      deliveries,
      misses,
    }
  }

  return { accept, inFlight: () => inFlight }
}

const MATCHED: Match = { matched: true }
const UNREADY = { attribute: '', wanted: 'to be ready', passed: 0 }

/** The trigger that came closest, in words: most conditions held. */
function nearestMiss(misses: readonly Miss[], hub: string): string {
  const nearest = misses.reduce<Miss | undefined>(
    (best, miss) => (best && best.passed >= miss.passed ? best : miss),
    undefined,
  )
  if (!nearest) {
    return `${inWords(hub, 'broker')} has no ${hub.startsWith('channel/') ? 'subscription' : 'trigger'}`
  }
  const { trigger, attribute, wanted, got } = nearest
  if (attribute === '' && wanted === UNREADY.wanted) {
    return `no subscriber was ready; ${inWords(trigger, 'trigger')} is not: ${got}`
  }
  return `no trigger matched; the nearest is ${trigger}, which wanted ${attribute} = ${wanted}, got ${got}`
}
