/** The context attributes of an event as CESQL sees them. */

import { isInteger, type Value } from './value.ts'

/** The value, or undefined when the event has no such attribute. The data is not one of them. */
export function readAttribute(
  event: Readonly<Record<string, unknown>>,
  name: string,
): Value | undefined {
  if (name === 'data' || !Object.hasOwn(event, name)) return undefined
  return toValue(event[name])
}

/** An event is taken to be valid, so the required attributes are always there (CESQL 1.0, 3.4.4). */
export function hasAttribute(event: Readonly<Record<string, unknown>>, name: string): boolean {
  return REQUIRED.has(name) || readAttribute(event, name) !== undefined
}

const REQUIRED = new Set(['specversion', 'id', 'source', 'type'])

/** URIs, times and whatever else an event may carry are strings (3.1). */
function toValue(value: unknown): Value | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number' && isInteger(value)) return value | 0
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (value instanceof Date) return value.toISOString()
  return String(value)
}
