import { expect, test } from 'vitest'
import { BODY_BYTES, nowMs, parseBody, toBody } from './message.ts'

test('every body has the same size and says what it is', () => {
  for (const message of [
    { round: 'hops5', n: 0, sentMs: nowMs() },
    { round: 'round12', n: 99_999_999, sentMs: 1 },
  ]) {
    const body = toBody(message)
    expect(Buffer.byteLength(body)).toBe(BODY_BYTES)
    const { sentMs, ...rest } = parseBody(body)
    expect(rest).toEqual({ round: message.round, n: message.n })
    expect(sentMs).toBeCloseTo(message.sentMs, 3)
  }
})

test('another body is no message', () => {
  expect(() => parseBody('{}')).toThrow('"round" must be a text, got undefined')
})
