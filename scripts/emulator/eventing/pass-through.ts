/** Which HTTP headers travel with an event beside its attributes (`pkg/utils/headers.go`, and W3C trace context). */

import type { Headers } from './codec.ts'

/** The headers that go on; everything else, `Authorization` and cookies above all, stays with the producer. */
export function passThrough(headers: Headers): Record<string, string> {
  const kept: Record<string, string> = {}
  for (const [rawName, value] of Object.entries(headers)) {
    const name = rawName.toLowerCase()
    if (
      value === undefined ||
      !(NAMES.has(name) || PREFIXES.some(prefix => name.startsWith(prefix)))
    )
      continue
    kept[name] = typeof value === 'string' ? value : value.join(', ')
  }
  return kept
}

/** The headers of a reply: its own, in the trace of the event that it answers. */
export function replyHeaders(
  answer: Headers,
  original: Readonly<Record<string, string>>,
): Record<string, string> {
  const { traceparent, tracestate } = original
  return {
    ...(traceparent !== undefined && { traceparent }),
    ...(traceparent !== undefined && tracestate !== undefined && { tracestate }),
    ...passThrough(answer),
  }
}

const NAMES = new Set(['x-request-id', 'retry-after', 'traceparent', 'tracestate'])
const PREFIXES = ['knative-', 'x-b3-']
