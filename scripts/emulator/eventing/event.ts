/** A CloudEvent as the broker carries it: typed context attributes, and data as the bytes that came. */

/** The CloudEvents types that survive both content modes; everything else travels as its string form. */
export type AttributeValue = string | number | boolean

/** Context attributes and extensions by their lower-case names, `specversion` included. */
export type Attributes = Record<string, AttributeValue>

/** One event. `data` is absent when the message had none; it is never parsed, only passed on. */
export interface CloudEvent {
  readonly attributes: Readonly<Attributes>
  readonly data?: Uint8Array
}

/** An event that is refused, with the status that the ingress answers. */
export class EventError extends Error {
  readonly status: number
  /** Set when it has passed brokers too often. */
  readonly isLoop: boolean
  constructor(message: string, status = 400, isLoop = false) {
    super(message)
    this.name = 'EventError'
    this.status = status
    this.isLoop = isLoop
  }
}

/** The largest data that the broker takes; CloudEvents 1.0 "Size limits" asks for at least 64 KiB. */
export const MAX_EVENT_BYTES: number = 1_048_576

/** The attribute, or undefined; never an inherited property such as `constructor`. */
export function attribute(event: CloudEvent, name: string): AttributeValue | undefined {
  return Object.hasOwn(event.attributes, name) ? event.attributes[name] : undefined
}

/** The attribute's string form, empty when absent. */
export function text(event: CloudEvent, name: string): string {
  const value = attribute(event, name)
  return value === undefined ? '' : String(value)
}

/** The same event with attributes set, or removed where the value is undefined. */
export function withAttributes(
  event: CloudEvent,
  changes: Readonly<Record<string, AttributeValue | undefined>>,
): CloudEvent {
  const attributes: Attributes = { ...event.attributes }
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) delete attributes[name]
    else attributes[name] = value
  }
  return event.data === undefined ? { attributes } : { attributes, data: event.data }
}
