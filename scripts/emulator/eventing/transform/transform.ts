/** One event through a transformation: what the cluster's `transform-jsonata` service answers. */
import type { EventTransformResource } from '../../manifests/eventing-types.ts'
import { isObject } from '../../manifests/field.ts'
import type { NetworkResponse, Send } from '../../network.ts'
import { fromHttp, type Headers } from '../codec.ts'
import type { Answer } from '../exchange.ts'
import { toStructured } from '../structured.ts'
import type { Jsonata } from './jsonata.ts'

/** A message before it is transformed. */
export interface Message {
  readonly headers: Headers
  readonly body: Uint8Array
  readonly signal: AbortSignal
}

/** What a transformation works with. */
export interface TransformTools {
  readonly jsonata: Jsonata
  readonly send: Send
  /** The headers by which the transformation proves to its sink who it is. */
  readonly credentials: () => Promise<Readonly<Record<string, string>>>
  /** Tells of something that works differently than its author may think. */
  readonly warn: (message: string) => void
}

/** The outcome of an expression, and the content type that it is sent with. */
interface Transformed {
  readonly body: string
  readonly type: string
}

/** Without a sink the outcome is the answer; with one the sink's answer is, transformed or discarded if so asked. */
export async function transform(
  { expression, reply }: Pick<EventTransformResource, 'expression' | 'reply'>,
  message: Message,
  sinkUrl: string | undefined,
  tools: TransformTools,
): Promise<Answer> {
  try {
    const evaluate: Evaluate = (text, input) => tools.jsonata.evaluate(text, input, message.signal)
    const outcome = await apply(expression, toInput(message.headers, message.body), evaluate)
    if (sinkUrl === undefined) return toAnswer(200, outcome)
    const answer = await deliver(outcome, sinkUrl, message.signal, tools)
    if (reply?.discard) return { status: answer.status }
    if (reply?.expression === undefined) return passOn(answer, tools.warn)
    const input = toInput(answer.headers, answer.body)
    return toAnswer(answer.status, await apply(reply.expression, input, evaluate))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    tools.warn(`transformation failed: ${reason}`)
    return { status: 500, headers: { reason: toHeader(reason) } }
  }
}

const toAnswer = (status: number, { body, type }: Transformed): Answer => ({
  status,
  headers: { 'content-type': type },
  body,
})

type Evaluate = (expression: string, input: unknown) => Promise<string | undefined>

async function apply(expression: string, input: unknown, evaluate: Evaluate): Promise<Transformed> {
  const body = await evaluate(expression, input)
  if (body === undefined) throw new Error('the expression has no result for this event')
  return { body, type: contentTypeOf(JSON.parse(body)) }
}

/** `guessTransformedContentType`: `contenttype`, else an event when there is a `specversion`, else JSON. */
function contentTypeOf(result: unknown): string {
  if (typeof result !== 'object' || result === null) {
    throw new TypeError(`the expression must give an object, got ${JSON.stringify(result)}`)
  }
  if (!isObject(result)) return 'application/json'
  if (result.contenttype) return String(result.contenttype)
  return 'specversion' in result ? 'application/cloudevents+json' : 'application/json'
}

/** The event in structured form; what is no event goes in as JSON, or else as text. */
function toInput(headers: Headers, body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(toStructured(fromHttp(headers, body))).toString())
  } catch {
    const text = Buffer.from(body).toString()
    try {
      return JSON.parse(text)
    } catch {
      return text
    }
  }
}

async function deliver(
  { body, type }: Transformed,
  url: string,
  signal: AbortSignal,
  { send, credentials }: TransformTools,
): Promise<NetworkResponse> {
  const headers = { 'content-type': type, ...(await credentials()) }
  const answer = await send({ url, method: 'POST', headers, body: Buffer.from(body), signal })
  if (answer.status >= 300 && answer.status < 400) {
    throw new Error(`the sink answered ${answer.status}: redirects are not followed`)
  }
  return answer
}

/** The service of the cluster loses the content type on the way, so that nobody can take the body for an event. */
function passOn(
  { status, body, headers }: NetworkResponse,
  warn: (message: string) => void,
): Answer {
  if (body.length > 0 && headers['content-type'] !== undefined) {
    warn(
      "the sink's answer goes back without its content type, as on a cluster: say spec.reply.jsonata to make it an event, or spec.reply.discard",
    )
  }
  return { status, body }
}

const MAX_HEADER = 1_000

/** A header's value holds neither line breaks nor anything beyond Latin-1. */
const toHeader = (text: string): string => text.replace(/[^\x20-\x7e]+/g, ' ').slice(0, MAX_HEADER)
