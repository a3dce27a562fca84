/** Makes one attempt of a delivery: over the network, or straight into a broker or channel of ours. */

import type { NetworkResponse, Send } from '../network.ts'
import { attempt, deliver, type Outcome, toDeadLetter } from './delivery.ts'
import type { Entrance } from './entrance.ts'
import { type CloudEvent, EventError, withAttributes } from './event.ts'
import { hubAt, hubName } from './hub.ts'
import type { Ledger, Settlement } from './ledger.ts'
import type { Loops } from './loops.ts'
import { passThrough, replyHeaders } from './pass-through.ts'
import type { Access } from './policy/access.ts'
import { type Cause, type EventReference, reference, type Stage } from './records.ts'
import type { Context, Reply } from './stage.ts'
import type { Subscriber } from './subscriber.ts'
import { TTL, ttlOf } from './ttl.ts'

/** Sends what a delivery is at. */
export interface Sender {
  /** Never rejects. */
  send(context: Context): Promise<Outcome>
  /** The subscriber's answer as it goes on. */
  toReply(context: Context, answer: CloudEvent, outcome: Outcome): Reply
  /** Ends the delivery in the transaction that keeps its reply; undefined when the reply is not kept so. */
  enterReply(
    context: Context,
    reply: Reply,
    settlement: Settlement,
  ): Promise<EventReference | undefined>
}

/** Real time; Knative's own limit for a whole request is 600 s. */
const DEFAULT_TIMEOUT_MS = 600_000

/** A sender that stops when `signal` is aborted. */
export function createSender(options: {
  ledger: Ledger
  entrance: () => Entrance
  loops: Loops
  access: () => Access
  send: Send
  signal: AbortSignal
}): Sender {
  const { ledger, entrance, loops, signal } = options

  async function send(context: Context): Promise<Outcome> {
    const { stage, url, subscriber } = context
    if (url === undefined) return UNRESOLVED
    const content = contentOf(context)
    const { event } = content
    const { timeoutMs = DEFAULT_TIMEOUT_MS, format } = subscriber.policy
    const hub = hubAt(url)
    if (hub !== undefined) return enter(context, hub, content, timeoutMs)
    const { authentication } = options.access()
    const headers = authentication
      ? { ...content.headers, ...(await credentialsOf(context)) }
      : content.headers
    const answer = answerOf(stage, subscriber)
    return deliver(options.send, {
      url,
      event,
      headers,
      answer,
      timeoutMs,
      signal,
      ...(format && { format }),
    })
  }

  async function enter(
    context: Context,
    hub: string,
    { event, headers }: Reply,
    timeoutMs: number,
  ): Promise<Outcome> {
    let accepted: EventReference | undefined
    let refusal: string | undefined
    const work = async (): Promise<NetworkResponse> => {
      const cause = causeOf(context)
      try {
        if (options.access().authentication) await admit(context, hub, event)
        accepted = await entrance().enter(hub, overHttp(event), passThrough(headers), { cause })
        return { status: 202, headers: {}, body: NOTHING }
      } catch (error) {
        refusal = explain(context, error)
        const status = error instanceof EventError ? error.status : 500
        return { status, headers: {}, body: Buffer.from(refusal) }
      }
    }
    const outcome = await attempt({ answer: 'ignored', timeoutMs, signal }, work)
    return {
      ...outcome,
      ...(accepted && { accepted }),
      ...(refusal !== undefined && { error: `${REFUSED[context.stage]} refused: ${refusal}` }),
    }
  }

  /** What comes in by no ingress is let in by the same rules. @throws EventError */
  async function admit(context: Context, hub: string, event: CloudEvent): Promise<void> {
    const { authorize } = options.access()
    const headers = await credentialsOf(context)
    const refusal = await authorize({ hub: hubName(hub), headers, event })
    if (refusal) throw new EventError(refusal.message, refusal.status)
  }

  async function credentialsOf({
    stage,
    subscriber,
  }: Context): Promise<Readonly<Record<string, string>>> {
    const { kind, namespace, resource, sinks } = subscriber
    const sink = sinks[stage]
    const group = kind === 'Trigger' ? 'eventing.knative.dev' : 'messaging.knative.dev'
    const from = { group, kind, namespace, name: resource.name }
    return sink ? options.access().credentials(from, sink) : {}
  }

  function explain({ job }: Context, error: unknown): string {
    if (!(error instanceof EventError)) return 'the event could not be stored'
    if (!error.isLoop) return error.message
    const round = loops.roundOf(job)
    return round ? `${error.message}: ${round}` : error.message
  }

  /** A dead letter is the event with the failure told; behind a broker's filter the event has no hop budget. */
  function contentOf({ live, delivery, subscriber, stage, reply }: Context): Reply {
    const headers = { ...live.headers, 'kn-namespace': subscriber.namespace }
    if (stage === 'reply') return reply ?? { event: ledger.event(live), headers }
    const event = ledger.event(live)
    if (delivery.failure) return { event: toDeadLetter(event, delivery.failure), headers }
    const isTrigger = subscriber.kind === 'Trigger'
    return { event: isTrigger ? withAttributes(event, { [TTL]: undefined }) : event, headers }
  }

  /** The next ingress takes one from the hop budget of the event that is answered. */
  function toReply({ live, subscriber }: Context, answer: CloudEvent, outcome: Outcome): Reply {
    const headers = {
      ...replyHeaders(outcome.headers, live.headers),
      'kn-namespace': subscriber.namespace,
    }
    if (subscriber.kind === 'Subscription') return { event: answer, headers }
    return { event: withAttributes(answer, { [TTL]: ttlOf(live.record) }), headers }
  }

  async function enterReply(
    context: Context,
    { event, headers }: Reply,
    settlement: Settlement,
  ): Promise<EventReference | undefined> {
    const hub = hubAt(context.subscriber.replyUrl ?? '')
    if (hub === undefined || !entrance().isDurable(hub)) return undefined
    try {
      const sent: Context = { ...context, stage: 'reply' }
      if (options.access().authentication) await admit(sent, hub, event)
      const cause = causeOf(sent)
      return await entrance().enter(hub, overHttp(event), passThrough(headers), {
        cause,
        settlement,
      })
    } catch {
      // Tried once more as an attempt of its own, which says what is wrong.
      return undefined
    }
  }

  return { send, toReply, enterReply }
}

const NOTHING = new Uint8Array(0)

const REFUSED: Readonly<Record<Stage, string>> = {
  subscriber: 'event',
  reply: 'reply',
  deadLetterSink: 'dead letter',
}

const UNRESOLVED: Outcome = {
  status: 404,
  body: NOTHING,
  headers: {},
  tookMs: 0,
  error: "Unable to get the Subscriber's URI",
}

function answerOf(stage: Stage, { kind }: Subscriber): 'strict' | 'lenient' | 'ignored' {
  if (stage !== 'subscriber') return 'ignored'
  return kind === 'Trigger' ? 'strict' : 'lenient'
}

const HOW: Readonly<Record<Stage, Cause['how']>> = {
  subscriber: 'forward',
  reply: 'reply',
  deadLetterSink: 'deadLetter',
}

function causeOf({ job, live, stage, subscriber }: Context): Cause {
  const isPassedOn = stage === 'reply' && subscriber.resource.subscriber === undefined
  return {
    ...reference(job.seq, live.record.attributes),
    trigger: job.trigger,
    how: isPassedOn ? 'forward' : HOW[stage],
  }
}

/** Between brokers and channels events travel in binary mode, where every attribute is a string. */
function overHttp(event: CloudEvent): CloudEvent {
  const entries = Object.entries(event.attributes).map(([name, value]) => [name, String(value)])
  return { ...event, attributes: Object.fromEntries(entries) as Record<string, string> }
}
