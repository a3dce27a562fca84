/** What the ingress sets on every event: the hop budget that stops reply loops, and the arrival time. */

import { attribute, type CloudEvent, EventError, withAttributes } from './event.ts'

/** The extension that counts the passes through a broker that are left (`broker/ttl.go`). */
export const TTL = 'knativebrokerttl'

/** The extension with the time at which the broker took the event. */
export const ARRIVAL = 'knativearrivaltime'

const DEFAULT_TTL = 255

/**
 * The event as the broker keeps it.
 * @throws EventError when its passes are used up
 */
export function stamp(event: CloudEvent, now: number): CloudEvent {
  const ttl = ttlOf(event)
  const next = ttl === undefined ? DEFAULT_TTL : Math.max(0, ttl - 1)
  if (next === 0) {
    throw new EventError(
      `"${TTL}" must be greater than 1, got ${ttl}: the event has passed brokers too often (a loop?)`,
      400,
      true,
    )
  }
  return withAttributes(event, { [TTL]: next, [ARRIVAL]: new Date(now).toISOString() })
}

/** The event's remaining passes; undefined when absent or not an integer. */
export function ttlOf(event: CloudEvent): number | undefined {
  const value = attribute(event, TTL)
  if (typeof value === 'number') return value
  return typeof value === 'string' && /^-?\d{1,10}$/.test(value) ? Number(value) : undefined
}
