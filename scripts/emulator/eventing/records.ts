/** What is known about an event after it came: where it went, what was answered, how it ended. */

import type { Attributes } from './event.ts'

/** `pending` and `retrying` go on; every other state is an end, and each event reaches exactly one. */
export type EventState =
  | 'pending'
  | 'retrying'
  | 'delivered'
  | 'filtered'
  | 'deadLettered'
  | 'failed'
  | 'refused'

/** The part of `EventState` that one delivery can be in. */
export type DeliveryState = 'pending' | 'retrying' | 'delivered' | 'deadLettered' | 'failed'

/** What an attempt of a delivery is made at. */
export type Stage = 'subscriber' | 'reply' | 'deadLetterSink'

/** One request to a subscriber or a dead letter sink. Times are virtual milliseconds, `tookMs` is real. */
export interface Attempt {
  readonly at: number
  readonly to: Stage
  readonly url: string
  /** How long it was put off after the attempt before. */
  readonly waitMs: number
  readonly tookMs: number
  /** The answer's status as Knative counts it; absent when none came. */
  readonly status?: number
  readonly revision?: string
  readonly error?: string
}

/** Why the subscriber's part ended without success: the values of the `knativeerror…` extensions. */
export interface Failure {
  readonly destination: string
  readonly code: number
  /** Base64, cut at 1024 characters. */
  readonly data: string
  readonly message: string
}

/** One event for one trigger or subscription. */
export interface DeliveryRecord {
  /** `<namespace>/<name>` of the trigger, `subscription/<namespace>/<name>`. */
  readonly trigger: string
  readonly state: DeliveryState
  /** Tries at the present target; `attempts` keeps the latest of all. */
  readonly tries: number
  readonly attempts: readonly Attempt[]
  /** The subscriber is done, and its answer is on its way to where answers go. */
  readonly stage?: 'reply'
  /** When the next try is due, and the wait that it was given. */
  readonly due?: number
  readonly waitMs?: number
  readonly failure?: Failure
  /** The event that the subscriber answered with. */
  readonly reply?: EventReference
  /** Where the event was dead-lettered to. */
  readonly deadLetterUrl?: string
}

/** A trigger that did not want the event. */
export interface Miss {
  readonly trigger: string
  readonly attribute: string
  readonly wanted: string
  readonly got: string
  /** How many of the trigger's conditions held. */
  readonly passed: number
}

/** Which event, in the broker's own order. */
export interface EventReference {
  readonly seq: number
  readonly id: string
  readonly source: string
  readonly type: string
}

/** Which event another comes from, by which delivery of it, and how. */
export interface Cause extends EventReference {
  /** Absent when somebody sent it again. */
  readonly trigger?: string
  /** The answer of the subscriber, the event itself passed on, its dead letter, or sent again by hand. */
  readonly how: 'reply' | 'forward' | 'deadLetter' | 'resend'
}

/** One event and everything that happened to it. */
export interface EventRecord {
  /** Position in the broker's order of arrival; the cursor of `events({ before })`. */
  readonly seq: number
  /** `<namespace>/<name>` of the broker, `channel/<namespace>/<name>`. */
  readonly broker: string
  readonly attributes: Readonly<Attributes>
  readonly size: number
  /** Virtual milliseconds since the epoch. */
  readonly arrival: number
  readonly state: EventState
  readonly ended?: number
  /** Why it was refused or filtered. */
  readonly reason?: string
  /** The event that this one comes from. */
  readonly cause?: Cause
  readonly deliveries: readonly DeliveryRecord[]
  readonly misses: readonly Miss[]
  /** Only in the answer of `event()`. */
  readonly data?: Uint8Array
}

/** Something that just happened, for live views. */
export interface Fact {
  readonly kind:
    | 'accepted'
    | 'filtered'
    | 'delivering'
    | 'delivered'
    | 'retrying'
    | 'deadLettered'
    | 'failed'
    | 'refused'
  readonly at: number
  readonly broker: string
  readonly event: EventReference
  readonly trigger?: string
  readonly attempt?: Attempt
  readonly tries?: number
  readonly waitMs?: number
  readonly reply?: EventReference
  readonly reason?: string
}

/** Keeps the record small when a trigger retries for days. */
const KEPT_ATTEMPTS = 50

/** The record with one delivery changed, and its own state with it. */
export function withDelivery(
  record: EventRecord,
  trigger: string,
  patch: Partial<DeliveryRecord>,
  now: number,
): EventRecord {
  const deliveries = record.deliveries.map(delivery =>
    delivery.trigger === trigger ? trimmed({ ...delivery, ...patch }) : delivery,
  )
  const state = stateOf(deliveries)
  const over = state !== 'pending' && state !== 'retrying'
  return { ...record, deliveries, state, ...(over && { ended: now }) }
}

/** The reference to an event that its attributes give. */
export function reference(seq: number, attributes: Readonly<Attributes>): EventReference {
  const text = (name: string): string =>
    String(Object.hasOwn(attributes, name) ? attributes[name] : '')
  return { seq, id: text('id'), source: text('source'), type: text('type') }
}

/** Unfinished work first, then the worst end. */
const PRECEDENCE: readonly DeliveryState[] = ['retrying', 'pending', 'failed', 'deadLettered']

function stateOf(deliveries: readonly DeliveryRecord[]): EventState {
  return (
    PRECEDENCE.find(state => deliveries.some(delivery => delivery.state === state)) ?? 'delivered'
  )
}

function trimmed(delivery: DeliveryRecord): DeliveryRecord {
  if (delivery.attempts.length <= KEPT_ATTEMPTS) return delivery
  return { ...delivery, attempts: delivery.attempts.slice(-KEPT_ATTEMPTS) }
}
