/** One attempt: sends an event to a URL and says what the answer means to Knative. */

import type { NetworkResponse, Send } from '../network.ts'
import { fromHttp, isEventMessage, toBinary } from './codec.ts'
import { type CloudEvent, withAttributes } from './event.ts'
import type { Failure } from './records.ts'
import { isSuccess } from './retries.ts'

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
  /** The subscriber broke the reply contract, which its author must hear about. */
  readonly misbehaved?: boolean
}

/** A subscriber may reply; a dead letter sink's answer counts only by its status. */
export interface DeliveryRequest {
  readonly url: string
  readonly event: CloudEvent
  readonly headers: Readonly<Record<string, string>>
  readonly mayReply: boolean
  readonly timeoutMs: number
  /** Aborted when the broker stops. */
  readonly signal: AbortSignal
}

/** `knativeerrordata` is base64 cut here, decodable or not (`known_error_attributes.go`). */
const MAX_ERROR_DATA = 1024

const MAX_REDIRECTS = 10

/** Makes one attempt; never rejects. */
export async function deliver(send: Send, request: DeliveryRequest): Promise<Outcome> {
  const { headers, body } = toBinary(request.event)
  Object.assign(headers, request.headers, request.mayReply ? { prefer: 'reply' } : {})
  const start = performance.now()
  const limit = new AbortController()
  const timer = setTimeout(
    () => limit.abort(new Error(`no answer within ${request.timeoutMs} ms`)),
    request.timeoutMs,
  )
  const stop = (): void => limit.abort(request.signal.reason)
  request.signal.addEventListener('abort', stop, { once: true })
  try {
    const answer = await Promise.race([
      follow(send, request.url, headers, body, limit.signal),
      aborted(limit.signal),
    ])
    return judge(answer, performance.now() - start, request.mayReply)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return {
      status: 0,
      body: EMPTY,
      headers: {},
      tookMs: performance.now() - start,
      error: message,
    }
  } finally {
    clearTimeout(timer)
    request.signal.removeEventListener('abort', stop)
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

const EMPTY = new Uint8Array(0)

/** As Go's client: 301, 302 and 303 turn into a GET without body, 307 and 308 keep the request. */
async function follow(
  send: Send,
  target: string,
  headers: Record<string, string>,
  content: Uint8Array,
  signal: AbortSignal,
): Promise<NetworkResponse> {
  let url = target
  let method = 'POST'
  let body: Uint8Array | undefined = content
  for (let redirects = 0; ; redirects += 1) {
    const answer = await send({ url, method, headers, ...(body && { body }), signal })
    const location = answer.headers.location
    if (!REDIRECTS.has(answer.status) || location === undefined || !URL.canParse(location, url))
      return answer
    if (redirects === MAX_REDIRECTS) throw new Error(`stopped after ${MAX_REDIRECTS} redirects`)
    url = new URL(location, url).href
    if (answer.status < 304) {
      method = 'GET'
      body = undefined
    }
  }
}

const REDIRECTS = new Set([301, 302, 303, 307, 308])

/** The filter's rule: a success with a body must be a CloudEvent, or it is a 502, retried like any other. */
function judge(answer: NetworkResponse, tookMs: number, mayReply: boolean): Outcome {
  const { status, headers, body, revision } = answer
  const outcome = { status, headers, body, tookMs, ...(revision !== undefined && { revision }) }
  if (!isSuccess(status) || !mayReply) return outcome
  if (!isEventMessage(headers)) {
    if (body.length === 0) return outcome
    return asBadGateway(outcome, `answered ${status} with a body that is not a CloudEvent`)
  }
  try {
    return { ...outcome, reply: fromHttp(headers, body) }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return asBadGateway(outcome, `answered ${status} with a malformed CloudEvent: ${reason}`)
  }
}

const asBadGateway = (outcome: Outcome, error: string): Outcome => ({
  ...outcome,
  status: 502,
  error,
  misbehaved: true,
})

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
