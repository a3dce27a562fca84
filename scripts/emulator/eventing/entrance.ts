/** The door that producers and replies come through: takes an event in and, in `sync` mode, waits for its end. */

import type { Clock } from '../clock.ts'
import { type CloudEvent, EventError } from './event.ts'
import type { Intake, Origin } from './intake.ts'
import type { Ledger } from './ledger.ts'
import type { EventRecord, EventReference } from './records.ts'
import type { Registry } from './registry.ts'

/**
 * `durable` answers when the event is on the disk, as the specification asks; `sync` when every subscriber is finished
 * with retries, replies and dead letters, as a broker over InMemoryChannels does.
 */
export type EventingMode = 'durable' | 'sync'

/** Takes one event into a broker or channel. */
export interface Entrance {
  /** @throws EventError with the status to answer */
  enter(
    hub: string,
    event: CloudEvent,
    headers: Readonly<Record<string, string>>,
    origin?: Origin,
  ): Promise<EventReference>
  /** Whether the answer says only that the event is kept. */
  isDurable(hub: string): boolean
}

/** The whole fan-out of one event; the channel dispatcher gives up then. */
const FAN_OUT_TIMEOUT_MS = 15 * 60_000

/** A door into `intake`. */
export function createEntrance(options: {
  intake: Intake
  ledger: Ledger
  registry: Registry
  clock: Clock
  mode: EventingMode
}): Entrance {
  const { intake, ledger, registry, clock, mode } = options

  const isDurable = (hub: string): boolean => mode === 'durable' || registry.isAsync(hub)

  async function enter(
    hub: string,
    event: CloudEvent,
    headers: Readonly<Record<string, string>>,
    origin?: Origin,
  ): Promise<EventReference> {
    const accepted = await intake.accept(hub, event, headers, origin)
    if (isDurable(hub)) return accepted
    const record = await end(accepted.seq)
    if (!record) throw new EventError('fan-out timed out', 500)
    const lost = record.deliveries.find(({ state }) => state === 'failed')
    if (lost) {
      const why = lost.failure?.message ?? 'failed'
      throw new EventError(`not delivered to ${lost.trigger}: ${why}`, 500)
    }
    return accepted
  }

  /** Undefined when it takes too long. An event without deliveries is over before it is live. */
  function end(seq: number): Promise<Pick<EventRecord, 'deliveries'> | undefined> {
    const live = ledger.live(seq)
    if (!live) return Promise.resolve({ deliveries: [] })
    if (live.record.ended !== undefined) return Promise.resolve(live.record)
    return new Promise(resolve => {
      const cancel = clock.after(FAN_OUT_TIMEOUT_MS, () => {
        forget()
        resolve(undefined)
      })
      const forget = ledger.onEnd(seq, record => {
        cancel()
        resolve(record)
      })
    })
  }

  return { enter, isDurable }
}
