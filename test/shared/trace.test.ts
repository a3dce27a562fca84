import { describe, expect, test } from 'vitest'
import { contextHeaders, openContext, parseTraceparent } from '../../shared/trace.ts'

const open = (headers: Record<string, string>) => openContext(name => headers[name])

describe('request context', () => {
  test('continues the trace of its caller as a child span', () => {
    const parent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
    const { trace } = open({ traceparent: parent })
    expect(trace).toMatchObject({
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
      parentSpanId: '00f067aa0ba902b7',
      flags: '01',
    })
    expect(trace.spanId).not.toBe('00f067aa0ba902b7')
  })

  test('reads the older header set, UUIDs included', () => {
    const { trace } = open({
      'x-trace-id': '4bf92f35-77b3-4da6-a3ce-929d0e0e4736',
      'x-span-id': '00f067aa0ba902b7',
    })
    expect(trace.traceId).toBe('4bf92f3577b34da6a3ce929d0e0e4736')
  })

  test.each(['', 'x', `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`, `01-${'a'.repeat(32)}-x-01`])(
    'begins a new trace for %j',
    traceparent => {
      expect(parseTraceparent(traceparent)).toBeUndefined()
      expect(open({ traceparent }).trace.traceId).toMatch(/^[0-9a-f]{32}$/)
    },
  )

  test('a request id that could forge a log line is replaced', () => {
    expect(open({ 'x-request-id': 'request-1' }).requestId).toBe('request-1')
    expect(open({ 'x-request-id': 'a\nb=c forged' }).requestId).toMatch(/^[0-9a-f]{32}$/)
  })

  test('both header sets travel on', () => {
    const context = open({ 'x-request-id': 'request-1', 'x-request-deadline': '1234' })
    const { traceId, spanId } = context.trace
    expect(contextHeaders(context)).toEqual({
      'x-request-id': 'request-1',
      traceparent: `00-${traceId}-${spanId}-01`,
      'x-trace-id': traceId,
      'x-span-id': spanId,
      'x-trace-flags': '01',
      'x-request-deadline': '1234',
    })
  })
})
