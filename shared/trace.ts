/** What travels with a request through every hop: ids, W3C trace context, deadline, principal. */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Principal } from './principal.ts'

/** W3C Trace Context: 32 and 16 lower-case hex digits. */
export interface TraceContext {
  traceId: string
  spanId: string
  parentSpanId?: string
  flags: string
}

/** The context of the request or event being handled. */
export interface RequestContext {
  requestId: string
  trace: TraceContext
  /** The caller's identity, once it has been proven. */
  principal?: Principal
  /** Epoch milliseconds after which nobody waits for the answer. */
  deadline?: number
  /** The event being handled, for `causationid` and `correlationid` of what it leads to. */
  event?: { id: string; correlationid?: string }
}

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/
const REQUEST_ID = /^[A-Za-z0-9_-]{8,128}$/
const storage = new AsyncLocalStorage<RequestContext>()

/** The context of the code that is running, if it runs for a request or an event. */
export const currentContext = (): RequestContext | undefined => storage.getStore()

/** Runs `task` with `context` as its `currentContext`. */
export const withContext = <T>(context: RequestContext, task: () => T): T =>
  storage.run(context, task)

/** Opens the context of an incoming request: continues its trace, or begins one; a malformed id is replaced. */
export function openContext(header: (name: string) => string | undefined): RequestContext {
  const id = header('x-request-id')
  const deadline = Number(header('x-request-deadline'))
  return {
    requestId: id && REQUEST_ID.test(id) ? id : randomHex(32),
    trace: openSpan(parseTrace(header)),
    ...(Number.isFinite(deadline) && deadline > 0 && { deadline }),
  }
}

/** The headers by which the next hop continues this context (W3C `traceparent` and its X-Trace-* twin). */
export function contextHeaders(context: RequestContext): Record<string, string> {
  const { traceId, spanId, parentSpanId, flags } = context.trace
  return {
    'x-request-id': context.requestId,
    traceparent: toTraceparent(context.trace),
    'x-trace-id': traceId,
    'x-span-id': spanId,
    ...(parentSpanId && { 'x-parent-span-id': parentSpanId }),
    'x-trace-flags': flags,
    ...(context.deadline !== undefined && { 'x-request-deadline': String(context.deadline) }),
  }
}

/** `00-<trace>-<span>-<flags>` */
export const toTraceparent = (trace: TraceContext): string =>
  `00-${trace.traceId}-${trace.spanId}-${trace.flags}`

/** Reads a `traceparent`; `undefined` when it is malformed or all zero (W3C Trace Context 3.2). */
export function parseTraceparent(value: string | undefined): TraceContext | undefined {
  const match = TRACEPARENT.exec(value ?? '')
  if (!match?.[1] || !match[2] || !match[3]) return undefined
  if (/^0+$/.test(match[1]) || /^0+$/.test(match[2])) return undefined
  return { traceId: match[1], spanId: match[2], flags: match[3] }
}

/** A new span under `parent`, or the first span of a new trace. */
export function openSpan(parent?: TraceContext): TraceContext {
  return {
    traceId: parent?.traceId ?? randomHex(32),
    spanId: randomHex(16),
    ...(parent && { parentSpanId: parent.spanId }),
    flags: parent?.flags ?? '01',
  }
}

function parseTrace(header: (name: string) => string | undefined): TraceContext | undefined {
  const own = parseTraceparent(header('traceparent'))
  if (own) return own
  // Producers of the older header set write UUIDs; without their dashes they are trace ids.
  const traceId = header('x-trace-id')?.replaceAll('-', '').toLowerCase()
  const spanId = header('x-span-id')?.replaceAll('-', '').toLowerCase().slice(0, 16)
  return parseTraceparent(`00-${traceId}-${spanId}-${header('x-trace-flags') ?? '01'}`)
}

/** Ids that tell requests apart and guard nothing: node:crypto would cost every cold start 8 ms. */
function randomHex(digits: number): string {
  let hex = ''
  // Small integers with a leading one: turning larger numbers into text takes five times as long.
  while (hex.length < digits) hex += (0x1000000 | (Math.random() * 0x1000000)).toString(16).slice(1)
  return hex.slice(0, digits)
}
