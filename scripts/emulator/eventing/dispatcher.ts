/** Carries accepted events to their subscribers: attempts, retries on the virtual clock, replies, dead letters. */

import type { Cancel, Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { Send } from '../network.ts'
import type { Outcome } from './delivery.ts'
import type { Entrance } from './entrance.ts'
import { type CloudEvent, text } from './event.ts'
import type { Facts } from './facts.ts'
import { hubAt, inWords } from './hub.ts'
import { createLanes } from './lanes.ts'
import type { Ledger, LiveEvent } from './ledger.ts'
import type { Loops } from './loops.ts'
import type { Access } from './policy/access.ts'
import { type Attempt, type DeliveryRecord, type Fact, reference } from './records.ts'
import type { Registry } from './registry.ts'
import type { Replies } from './replies.ts'
import { isSuccess } from './retries.ts'
import { createSender } from './sender.ts'
import { type Context, isOpen, type Job, stageOf, standingOf, targetOf } from './stage.ts'
import type { Subscriber } from './subscriber.ts'
import { deadLettered, delivered, failed, lost, type Trial, type Verdict } from './verdict.ts'

/** Starts and stops deliveries; everything else is read from the ledger. */
export interface Dispatcher {
  /** Begins, or takes up again, every unfinished delivery of the event. */
  start(live: LiveEvent): void
  /** Tries now what waits for its next try: to these the world has changed. */
  recheck(): void
  /** Ends every unfinished delivery of the event without trying it. */
  abandon(live: LiveEvent, reason: string): void
  running(trigger: string): number
  /** Ends running attempts, after `graceMs` by force; what has not ended stays unfinished in the journal. */
  close(graceMs: number): Promise<void>
}

/** Attempts of one trigger that run at once. */
export const TRIGGER_CONCURRENCY = 64

/** A dispatcher that has nothing to do yet. */
export function createDispatcher(options: {
  registry: Registry
  ledger: Ledger
  /** Answers of subscribers that have not reached their address yet. */
  replies: Replies
  entrance: () => Entrance
  loops: Loops
  clock: Clock
  log: Log
  facts: Facts
  access: () => Access
  send: Send
}): Dispatcher {
  const { registry, ledger, replies, clock, log, facts } = options
  const lanes = createLanes({ limit: TRIGGER_CONCURRENCY })
  const timers = new Map<string, { job: Job; cancel: Cancel }>()
  /** Attempts outside the lanes: what goes into a broker of ours may wait for others of its kind. */
  const inside = new Set<Promise<void>>()
  const stopping = new AbortController()
  const sender = createSender({ ...options, signal: stopping.signal })

  function start({ record }: LiveEvent): void {
    for (const delivery of record.deliveries) {
      if (!isOpen(delivery)) continue
      const { trigger, stage, due, waitMs = 0 } = delivery
      const job = { seq: record.seq, trigger }
      // The answer may have gone with the process that held it: the subscriber is asked again.
      if (stage && !replies.of(job)) {
        ledger.settle({ ...job, patch: { stage: undefined, tries: 0 } })
      }
      // After a restart the clock may stand elsewhere than before: never wait longer than was planned.
      const rest = due === undefined ? 0 : Math.min(due - clock.now(), waitMs)
      schedule(job, rest)
    }
  }

  function schedule(job: Job, delayMs: number): void {
    if (stopping.signal.aborted) return
    if (delayMs <= 0) {
      begin(job)
      return
    }
    const key = keyOf(job)
    const cancel = clock.after(delayMs, () => {
      timers.delete(key)
      begin(job)
    })
    timers.set(key, { job, cancel })
  }

  function begin(job: Job): void {
    const standing = standingOf(ledger, registry, job)
    const { delivery, subscriber } = standing ?? {}
    const url = delivery && subscriber && targetOf(stageOf(delivery, subscriber), subscriber)
    if (url === undefined || hubAt(url) === undefined) {
      lanes.push(job.trigger, () => attempt(job))
      return
    }
    const work: Promise<void> = attempt(job).finally(() => inside.delete(work))
    inside.add(work)
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
    const standing = standingOf(ledger, registry, job)
    if (!standing) return undefined
    const { live, delivery, subscriber } = standing
    const missing = missingFor(live, delivery, subscriber)
    if (!subscriber || missing !== undefined) {
      conclude(job, live, lost(delivery, text(live.record, 'type'), missing ?? ''))
      return undefined
    }
    const stage = stageOf(delivery, subscriber)
    const url = targetOf(stage, subscriber)
    const reply = delivery.stage && replies.of(job)
    return {
      job,
      live,
      delivery,
      subscriber,
      stage,
      ...(url !== undefined && { url }),
      ...(reply && { reply }),
    }
  }

  /** What there was when the event came, and is not now. */
  function missingFor(
    { record }: LiveEvent,
    { trigger, failure }: DeliveryRecord,
    subscriber: Subscriber | undefined,
  ): string | undefined {
    if (!registry.hasHub(record.broker)) {
      return `${inWords(record.broker, 'broker')} does not exist any more`
    }
    if (!subscriber) return `${inWords(trigger, 'trigger')} does not exist any more`
    if (failure && subscriber.policy.deadLetterUrl === undefined) {
      return `${inWords(trigger, 'trigger')} has no dead letter sink any more`
    }
    return undefined
  }

  async function perform(context: Context): Promise<void> {
    const { job, live, delivery, subscriber, stage } = context
    const at = clock.now()
    tell(job, live, { kind: 'delivering', tries: delivery.tries + 1 })
    const outcome = await sender.send(context)
    if (outcome.status === 0 && stopping.signal.aborted) return
    const trial: Trial = {
      policy: subscriber.policy,
      delivery,
      attempt: toAttempt(context, outcome, at),
      type: text(live.record, 'type'),
    }
    if (!isSuccess(outcome.status)) {
      conclude(job, live, failed(trial, outcome, trial.attempt.url, clock.now()))
    } else if (stage === 'deadLetterSink') conclude(job, live, deadLettered(trial))
    else if (stage === 'reply') conclude(job, live, delivered(trial, outcome.accepted))
    else if (subscriber.replyUrl !== undefined && outcome.malformed !== undefined) {
      const { malformed } = outcome
      const refused: Outcome = { ...outcome, status: 400, error: malformed, misbehaved: true }
      conclude(job, live, failed(trial, refused, subscriber.replyUrl, clock.now()))
    } else if (subscriber.replyUrl !== undefined && outcome.reply) {
      await onReply(context, trial, outcome, outcome.reply)
    } else conclude(job, live, delivered(trial))
  }

  /** A reply into a broker or channel that keeps it ends the delivery in the same transaction. */
  async function onReply(
    context: Context,
    trial: Trial,
    outcome: Outcome,
    answer: CloudEvent,
  ): Promise<void> {
    const { job, live } = context
    const { attempts, ...patch } = delivered(trial).patch
    const reply = sender.toReply(context, answer, outcome)
    const settlement = { ...job, patch: { ...patch, attempts } }
    const accepted = await sender.enterReply(context, reply, settlement)
    if (accepted) {
      tell(job, live, { kind: 'delivered', attempt: trial.attempt, reply: accepted })
      return
    }
    replies.put(job, reply)
    ledger.settle({
      ...job,
      patch: { ...patch, attempts, tries: 0, state: 'retrying', stage: 'reply' },
    })
    begin(job)
  }

  function conclude(job: Job, live: LiveEvent, { patch, fact, line, againMs }: Verdict): void {
    if (againMs === undefined || patch.failure) replies.drop(job)
    else replies.keep(job)
    ledger.settle({ ...job, patch })
    if (line) {
      const scope = job.trigger.split('/').at(-1) ?? job.trigger
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

  function recheck(): void {
    const waiting = [...timers.values()].filter(({ job }) => {
      const live = ledger.live(job.seq)
      return !live || !registry.subscriber(job.trigger) || !registry.hasHub(live.record.broker)
    })
    for (const { job, cancel } of waiting) {
      cancel()
      timers.delete(keyOf(job))
      begin(job)
    }
  }

  function abandon(live: LiveEvent, reason: string): void {
    for (const delivery of live.record.deliveries) {
      if (!isOpen(delivery)) continue
      const job = { seq: live.record.seq, trigger: delivery.trigger }
      conclude(job, live, lost(delivery, text(live.record, 'type'), reason))
    }
  }

  async function close(graceMs: number): Promise<void> {
    for (const { cancel } of timers.values()) cancel()
    timers.clear()
    const ended = Promise.all([lanes.close(), ...inside])
    const stop = (): void => stopping.abort(new Error('the broker is stopping'))
    const timer = setTimeout(stop, graceMs)
    await ended
    clearTimeout(timer)
    stop()
  }

  return { start, recheck, abandon, running: trigger => lanes.running(trigger), close }
}

const keyOf = ({ seq, trigger }: Job): string => `${seq} ${trigger}`

function toAttempt(context: Context, outcome: Outcome, at: number): Attempt {
  return {
    at,
    to: context.stage,
    url: context.url ?? '',
    waitMs: context.delivery.waitMs ?? 0,
    tookMs: outcome.tookMs,
    ...(outcome.status !== 0 && { status: outcome.status }),
    ...(outcome.revision !== undefined && { revision: outcome.revision }),
    ...(outcome.error !== undefined && { error: outcome.error }),
  }
}
