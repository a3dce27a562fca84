/** One attempt: sends an event to a URL and says what the answer means to Knative. */

import type { NetworkResponse, Send } from '../network.ts'
import { fromHttp, isEventMessage, toBinary } from './codec.ts'
import { within } from './deadline.ts'
import { type CloudEvent, withAttributes } from './event.ts'
import { follow } from './follow.ts'
import type { EventReference, Failure } from './records.ts'
import { isSuccess } from './retries.ts'
import { toStructured } from './structured.ts'

/** The answer of one attempt; `status` 0 means that none came. */
export interface Outcome {
  readonly status: number
  readonly body: Uint8Array
  readonly headers: Readonly<Record<string, string>>
  readonly tookMs: number
  readonly revision?: string
  /** Why it counts as a failure, when the status alone does not say it. */
  readonly error?: string
  readonly reply?: CloudEvent
  /** The answer claims to be a CloudEvent and is none; nobody but the reply's address would mind. */
  readonly malformed?: string
  /** The subscriber broke the reply contract, which its author must hear about. */
  readonly misbehaved?: boolean
  /** What the event became in a broker or channel of ours. */
  readonly accepted?: EventReference
}

/** Where and how to send. */
export interface DeliveryRequest {
  readonly url: string
  readonly event: CloudEvent
  readonly headers: Readonly<Record<string, string>>
  /**
   * What an answer with a body may be: behind the broker's filter only a CloudEvent (`strict`), behind a channel
   * anything, which is then no reply (`lenient`); of a dead letter sink or a reply's address only the status counts.
   */
  readonly answer: 'strict' | 'lenient' | 'ignored'
  readonly format?: 'json' | 'binary'
  readonly timeoutMs: number
  /** Aborted when the broker stops. */
  readonly signal: AbortSignal
}

/** Makes one attempt; never rejects. */
export async function deliver(send: Send, request: DeliveryRequest): Promise<Outcome> {
  const { headers, body } = encode(request.event, request.format)
  Object.assign(headers, request.headers, request.answer === 'ignored' ? {} : { prefer: 'reply' })
  return attempt(request, async signal =>
    follow(send, { url: request.url, method: 'POST', headers, body, signal }),
  )
}

/** Times one attempt and judges its answer; a rejection is an answer that never came. */
export async function attempt(
  { answer, timeoutMs, signal }: Pick<DeliveryRequest, 'answer' | 'timeoutMs' | 'signal'>,
  work: (signal: AbortSignal) => Promise<NetworkResponse>,
): Promise<Outcome> {
  const start = performance.now()
  try {
    const response = await within(timeoutMs, signal, work)
    return judge(response, performance.now() - start, answer)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return { ...NO_ANSWER, tookMs: performance.now() - start, error: message }
  }
}

/** What the dead letter says about the failure; no answer counts as 500 with the error as its body. */
export function toFailure(destination: string, outcome: Outcome): Failure {
  const message = outcome.error ?? `answered ${outcome.status}`
  const body =
    outcome.status === 0 ? Buffer.from(`dispatch error: ${message}`) : Buffer.from(outcome.body)
  return {
    destination,
    code: outcome.status === 0 ? 500 : outcome.status,
    data: body.subarray(0, MAX_ERROR_DATA).toString('base64').slice(0, MAX_ERROR_DATA),
    message,
  }
}

/** The original event with the extensions that tell why it is a dead letter. */
export function toDeadLetter(event: CloudEvent, failure: Failure): CloudEvent {
  return withAttributes(event, {
    knativeerrordest: failure.destination,
    knativeerrorcode: failure.code,
    knativeerrordata: failure.data,
  })
}

/** `knativeerrordata` is base64 cut here, decodable or not (`known_error_attributes.go`). */
const MAX_ERROR_DATA = 1024

const NO_ANSWER = { status: 0, body: new Uint8Array(0), headers: {} }

function encode(
  event: CloudEvent,
  format: DeliveryRequest['format'],
): { headers: Record<string, string>; body: Uint8Array } {
  if (format !== 'json') return toBinary(event)
  return { headers: { 'content-type': STRUCTURED }, body: toStructured(event) }
}

const STRUCTURED = 'application/cloudevents+json'

/** The filter's rule: a success with a body must be a CloudEvent, or it is a 502, retried like any other. */
function judge(
  answer: NetworkResponse,
  tookMs: number,
  expected: DeliveryRequest['answer'],
): Outcome {
  const { status, headers, body, revision } = answer
  const outcome = { status, headers, body, tookMs, ...(revision !== undefined && { revision }) }
  if (!isSuccess(status) || expected === 'ignored') return outcome
  if (!isEventMessage(headers)) {
    if (body.length === 0 || expected === 'lenient') return outcome
    return asBadGateway(outcome, `answered ${status} with a body that is not a CloudEvent`)
  }
  try {
    return { ...outcome, reply: fromHttp(headers, body) }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    const malformed = `answered ${status} with a malformed CloudEvent: ${reason}`
    return expected === 'lenient' ? { ...outcome, malformed } : asBadGateway(outcome, malformed)
  }
}

const asBadGateway = (outcome: Outcome, error: string): Outcome => ({
  ...outcome,
  status: 502,
  error,
  misbehaved: true,
})
