/** Where a delivery stands: at its subscriber, on the way of the answer, or at the dead letter sink. */

import type { CloudEvent } from './event.ts'
import type { Ledger, LiveEvent } from './ledger.ts'
import type { DeliveryRecord, Stage } from './records.ts'
import type { Registry } from './registry.ts'
import type { Subscriber } from './subscriber.ts'

/** A delivery is known by event and trigger: an event matches a trigger once. */
export interface Job {
  readonly seq: number
  readonly trigger: string
}

/** A subscriber's answer on its way. */
export interface Reply {
  readonly event: CloudEvent
  readonly headers: Readonly<Record<string, string>>
}

/** What an attempt is made with. */
export interface Context {
  readonly job: Job
  readonly live: LiveEvent
  readonly delivery: DeliveryRecord
  readonly subscriber: Subscriber
  readonly stage: Stage
  /** Absent while the destination cannot be resolved. */
  readonly url?: string
  /** In stage `reply`; a subscription without a subscriber passes the event itself on. */
  readonly reply?: Reply
}

/** What is known of an unfinished delivery now; `subscriber` is absent when it does not exist any more. */
export interface Standing {
  readonly live: LiveEvent
  readonly delivery: DeliveryRecord
  readonly subscriber?: Subscriber
}

/** Looks a job up; undefined when it is over. */
export function standingOf(ledger: Ledger, registry: Registry, job: Job): Standing | undefined {
  const live = ledger.live(job.seq)
  const delivery = live?.record.deliveries.find(({ trigger }) => trigger === job.trigger)
  if (!live || !delivery || !isOpen(delivery)) return undefined
  const subscriber = registry.subscriber(job.trigger)
  return { live, delivery, ...(subscriber && { subscriber }) }
}

/** Whether a delivery goes on. */
export const isOpen = ({ state }: DeliveryRecord): boolean =>
  state === 'pending' || state === 'retrying'

/** The stage of a delivery. */
export function stageOf({ failure, stage }: DeliveryRecord, { resource }: Subscriber): Stage {
  if (failure) return 'deadLetterSink'
  return stage ?? (resource.subscriber ? 'subscriber' : 'reply')
}

/** Where a stage sends to. */
export function targetOf(stage: Stage, { url, replyUrl, policy }: Subscriber): string | undefined {
  return { subscriber: url, reply: replyUrl, deadLetterSink: policy.deadLetterUrl }[stage]
}
