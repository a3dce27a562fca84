/** The event side of a function: `POST /` takes a CloudEvent, and the status tells the broker what to do next. */
import type { Context } from 'hono'
import type { Deps } from './deps.ts'
import { AppError, toAppError } from './errors.ts'
import { encodeEvent, parseEvent } from './event.ts'
import type { FunctionDefinition } from './function.ts'
import { type Issue, toProblems } from './issues.ts'
import { type AppEnv, readText } from './route.ts'
import { currentContext, openSpan, parseTraceparent } from './trace.ts'

/** Twice the size that every intermediary must forward (CloudEvents 1.0, "Size Limits"), with room for base64. */
const MAX_EVENT_BYTES = 1024 * 1024

/**
 * Answers 202 when the event is dealt with, 200 with the reply event when there is one. Errors answer 400 when the
 * event can never be read, 409 while somebody works on it, 503 when it could not be committed or published.
 */
export async function receive<C extends object>(
  c: Context<AppEnv>,
  definition: FunctionDefinition<C>,
  deps: Deps<C>,
): Promise<Response> {
  const event = parseEvent(c.req.raw.headers, await readText(c, MAX_EVENT_BYTES))
  const handler = definition.events?.find(({ type }) => type === event.type)
  if (!handler) {
    throw new AppError(
      'invalid_request',
      `${definition.name} does not handle events of type ${event.type}`,
    )
  }
  continueContext(event.id, event.extensions)
  const parsed = handler.data().safeParse(event.data)
  if (!parsed.success) {
    const [problem] = parsed.error.issues.flatMap(issue => toProblems(issue as unknown as Issue))
    const field = problem?.field ? `data.${problem.field}` : 'data'
    throw new AppError('invalid_request', `"${field}" ${problem?.message}`)
  }
  const reply = await handler.handle({ ...event, data: parsed.data }, deps).catch(toEventError)
  deps.log.debug(`event ${event.type} ${event.id}`, { source: event.source })
  if (!reply) return new Response(null, { status: 202 })
  const { headers, body } = await encodeEvent(reply)
  return new Response(body, { status: 200, headers })
}

/**
 * A 404, 422 or other final status of something that the handler asked for must not end the event: only an event that
 * can never be read is final. What the handler could not do is tried again, then goes to the dead letter sink.
 */
function toEventError(thrown: unknown): never {
  if (thrown instanceof AppError) {
    const final = thrown.code === 'invalid_request' && !thrown.remote
    if (final || thrown.retryable) throw thrown
    throw new AppError('dependency_unavailable', thrown.message, { cause: thrown })
  }
  const error = toAppError(thrown)
  if (error.code !== 'validation_failed') throw thrown
  throw new AppError('invalid_request', error.message, { cause: thrown })
}

/** Events carry their trace as an extension; it wins over the header, which a broker may not pass on. */
function continueContext(id: string, extensions: Readonly<Record<string, unknown>>): void {
  const context = currentContext()
  if (!context) return
  const trace = parseTraceparent(String(extensions.traceparent ?? ''))
  if (trace) context.trace = openSpan(trace)
  const correlationid = extensions.correlationid
  context.event = { id, ...(typeof correlationid === 'string' && { correlationid }) }
}
