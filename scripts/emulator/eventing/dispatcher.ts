/** Carries accepted events to their subscribers: attempts, retries on the virtual clock, replies, dead letters. */

import type { Cancel, Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { Send } from '../network.ts'
import { deliver, type Outcome, toDeadLetter } from './delivery.ts'
import { type CloudEvent, EventError, text, withAttributes } from './event.ts'
import type { Facts } from './facts.ts'
import type { Intake } from './intake.ts'
import { createLanes } from './lanes.ts'
import type { Ledger, LiveEvent } from './ledger.ts'
import { replyHeaders } from './pass-through.ts'
import { type Attempt, type DeliveryRecord, type Fact, reference } from './records.ts'
import type { RegisteredTrigger, Registry } from './registry.ts'
import { brokerUrl } from './resolve.ts'
import { isSuccess } from './retries.ts'
import { TTL, ttlOf } from './ttl.ts'
import { deadLettered, delivered, failed, lost, type Trial, type Verdict } from './verdict.ts'

/** Starts and stops deliveries; everything else is read from the ledger. */
export interface Dispatcher {
  /** Begins, or takes up again, every unfinished delivery of the event. */
  start(live: LiveEvent): void
  running(trigger: string): number
  /** Ends running attempts, after `graceMs` by force; what has not ended stays unfinished in the journal. */
  close(graceMs: number): Promise<void>
}

/** Attempts of one trigger that run at once. */
export const TRIGGER_CONCURRENCY = 64

/** Real time; Knative's own limit for a whole request is 600 s. */
const DEFAULT_TIMEOUT_MS = 600_000

/** A delivery is known by event and trigger: an event matches a trigger once. */
interface Job {
  readonly seq: number
  readonly trigger: string
}

/** What an attempt is made with. */
interface Context {
  readonly job: Job
  readonly live: LiveEvent
  readonly delivery: DeliveryRecord
  readonly trigger: RegisteredTrigger
  readonly url: string
}

/** A dispatcher that has nothing to do yet. */
export function createDispatcher(options: {
  registry: Registry
  ledger: Ledger
  intake: () => Intake
  clock: Clock
  log: Log
  facts: Facts
  send: Send
}): Dispatcher {
  const { registry, ledger, intake, clock, log, facts, send } = options
  const lanes = createLanes({ limit: TRIGGER_CONCURRENCY })
  const timers = new Map<string, Cancel>()
  const stopping = new AbortController()

  function start({ record }: LiveEvent): void {
    for (const { trigger, state, due, waitMs = 0 } of record.deliveries) {
      if (state !== 'pending' && state !== 'retrying') continue
      // After a restart the clock may stand elsewhere than before: never wait longer than was planned.
      const rest = due === undefined ? 0 : Math.min(due - clock.now(), waitMs)
      schedule({ seq: record.seq, trigger }, rest)
    }
  }

  function schedule(job: Job, delayMs: number): void {
    if (stopping.signal.aborted) return
    if (delayMs <= 0) {
      lanes.push(job.trigger, () => attempt(job))
      return
    }
    const key = `${job.seq} ${job.trigger}`
    const cancel = clock.after(delayMs, () => {
      timers.delete(key)
      lanes.push(job.trigger, () => attempt(job))
    })
    timers.set(key, cancel)
  }

  async function attempt(job: Job): Promise<void> {
    try {
      const context = prepare(job)
      if (context) await perform(context)
    } catch (error) {
      // Never expected; the event stays unfinished and is taken up at the next start.
      log.error('broker', `delivery of event ${job.seq} to ${job.trigger} broke: ${String(error)}`)
    }
  }

  function prepare(job: Job): Context | undefined {
    const live = ledger.live(job.seq)
    const delivery = live?.record.deliveries.find(({ trigger }) => trigger === job.trigger)
    if (!live || !delivery) return undefined
    const trigger = registry.trigger(job.trigger)
    const url = delivery.failure ? trigger?.policy.deadLetterUrl : trigger?.url
    if (trigger && url !== undefined) return { job, live, delivery, trigger, url }
    const missing = trigger ? 'has no dead letter sink any more' : 'does not exist any more'
    conclude(
      job,
      live,
      lost(delivery, text(live.record, 'type'), `trigger ${job.trigger} ${missing}`),
    )
    return undefined
  }

  async function perform(context: Context): Promise<void> {
    const { job, live, delivery, trigger, url } = context
    const event = ledger.event(live)
    const at = clock.now()
    tell(job, live, { kind: 'delivering', tries: delivery.tries + 1 })
    const outcome = await deliver(send, {
      url,
      event: delivery.failure
        ? toDeadLetter(event, delivery.failure)
        : withAttributes(event, { [TTL]: undefined }),
      headers: { ...live.headers, 'kn-namespace': trigger.resource.namespace },
      mayReply: !delivery.failure,
      timeoutMs: trigger.policy.timeoutMs ?? DEFAULT_TIMEOUT_MS,
      signal: stopping.signal,
    })
    if (outcome.status === 0 && stopping.signal.aborted) return
    const trial: Trial = {
      policy: trigger.policy,
      delivery,
      attempt: toAttempt(context, outcome, at),
      type: text(live.record, 'type'),
    }
    if (!isSuccess(outcome.status)) conclude(job, live, failed(trial, outcome, url, clock.now()))
    else if (delivery.failure) conclude(job, live, deadLettered(trial))
    else if (outcome.reply) await onReply(context, trial, outcome, outcome.reply)
    else conclude(job, live, delivered(trial))
  }

  /** The reply and the end of the delivery that made it are one transaction. */
  async function onReply(
    { job, live }: Context,
    trial: Trial,
    outcome: Outcome,
    reply: CloudEvent,
  ): Promise<void> {
    const { broker, attributes } = live.record
    const headers = replyHeaders(outcome.headers, live.headers)
    try {
      const event = withAttributes(reply, { [TTL]: ttlOf(live.record) })
      const accepted = await intake().accept(broker, event, headers, {
        ...job,
        patch: delivered(trial).patch,
        cause: { ...reference(job.seq, attributes), trigger: job.trigger },
      })
      tell(job, live, { kind: 'delivered', attempt: trial.attempt, reply: accepted })
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      const status = error instanceof EventError ? error.status : 500
      const body = Buffer.from(message)
      const refused = { ...outcome, status, body, error: `reply refused: ${message}` }
      const attempt = { ...trial.attempt, status, error: refused.error }
      const [namespace = '', name = ''] = broker.split('/')
      const url = brokerUrl({ namespace, name })
      conclude(job, live, failed({ ...trial, attempt }, refused, url, clock.now()))
    }
  }

  function conclude(job: Job, live: LiveEvent, { patch, fact, line, againMs }: Verdict): void {
    ledger.settle({ ...job, patch })
    if (line) {
      const scope = job.trigger.split('/')[1] ?? job.trigger
      log[line.level](scope, line.message, { id: text(live.record, 'id') })
    }
    if (fact) tell(job, live, fact)
    if (againMs !== undefined) schedule(job, againMs)
  }

  function tell(
    job: Job,
    { record }: LiveEvent,
    fact: Omit<Fact, 'at' | 'broker' | 'event' | 'trigger'>,
  ): void {
    const event = reference(job.seq, record.attributes)
    facts.emit({ at: clock.now(), broker: record.broker, event, trigger: job.trigger, ...fact })
  }

  async function close(graceMs: number): Promise<void> {
    for (const cancel of timers.values()) cancel()
    timers.clear()
    const ended = lanes.close()
    const stop = (): void => stopping.abort(new Error('the broker is stopping'))
    const timer = setTimeout(stop, graceMs)
    await ended
    clearTimeout(timer)
    stop()
  }

  return { start, running: trigger => lanes.running(trigger), close }
}

function toAttempt({ delivery, url }: Context, outcome: Outcome, at: number): Attempt {
  return {
    at,
    to: delivery.failure ? 'deadLetterSink' : 'subscriber',
    url,
    waitMs: delivery.waitMs ?? 0,
    tookMs: outcome.tookMs,
    ...(outcome.status !== 0 && { status: outcome.status }),
    ...(outcome.revision !== undefined && { revision: outcome.revision }),
    ...(outcome.error !== undefined && { error: outcome.error }),
  }
}
