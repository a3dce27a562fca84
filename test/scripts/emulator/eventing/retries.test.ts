import { describe, expect, it } from 'vitest'
import { resolve } from '../../../../scripts/emulator/eventing/resolve.ts'
import {
  backoffMs,
  deliveryPolicy,
  isRetryable,
  isSuccess,
  waitMs,
} from '../../../../scripts/emulator/eventing/retries.ts'
import { broker, trigger } from './fixture.ts'

describe('what is retried', () => {
  it('is no answer, 404, 408, 409, 429 and every 5xx, of all statuses from 100 to 599', () => {
    const retried = Array.from({ length: 500 }, (_, index) => index + 100).filter(isRetryable)
    const serverErrors = Array.from({ length: 100 }, (_, index) => index + 500)
    expect(retried).toEqual([404, 408, 409, 429, ...serverErrors])
    expect(isRetryable(0)).toBe(true)
  })

  it('leaves only 2xx as success', () => {
    const successes = Array.from({ length: 500 }, (_, index) => index + 100).filter(isSuccess)
    expect(successes).toEqual(Array.from({ length: 100 }, (_, index) => index + 200))
  })
})

describe('the back-off', () => {
  it.each([
    ['exponential', [200, 400, 800, 1600, 3200, 6400, 12800, 25600, 51200, 102400]],
    ['linear', [0, 200, 400, 600, 800, 1000, 1200, 1400, 1600, 1800]],
    [undefined, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
  ] as const)('%s from 200 ms waits %j', (backoffPolicy, waits) => {
    const policy = { retry: 10, backoffPolicy, backoffDelayMs: 200 }
    expect(waits.map((_, n) => backoffMs(policy, n))).toEqual(waits)
  })

  it('honours Retry-After only when the policy says so, on 429 and 503, when it is longer, up to the maximum', () => {
    const now = Date.parse('2026-01-01T00:00:00Z')
    const policy = { retry: 3, backoffPolicy: 'exponential', backoffDelayMs: 1000 } as const
    const honouring = { ...policy, retryAfterMaxMs: 60_000 }
    const wait = (p: typeof policy, status: number, retryAfter: string): number =>
      waitMs(p, 1, { status, retryAfter, now })
    expect(wait(policy, 429, '30')).toBe(2000)
    expect(wait(honouring, 429, '30')).toBe(30_000)
    expect(wait(honouring, 503, 'Thu, 01 Jan 2026 00:00:10 GMT')).toBe(10_000)
    expect(wait(honouring, 503, '1')).toBe(2000)
    expect(wait(honouring, 503, '3600')).toBe(60_000)
    expect(wait(honouring, 500, '30')).toBe(2000)
    expect(wait(honouring, 429, 'soon')).toBe(2000)
  })
})

describe('inheritance', () => {
  const sink = { uri: 'http://dlq.test/' }
  it('gives a trigger of a bare broker the cluster defaults', () => {
    expect(deliveryPolicy(trigger('t'), broker())).toEqual({
      retry: 10,
      backoffPolicy: 'exponential',
      backoffDelayMs: 200,
    })
  })

  it('takes the broker delivery as a whole when the trigger has none', () => {
    const delivery = {
      retry: 2,
      backoffPolicy: 'linear',
      backoffDelayMs: 5,
      timeoutMs: 9,
      deadLetterSink: sink,
    } as const
    expect(deliveryPolicy(trigger('t'), broker({ delivery }))).toEqual({
      retry: 2,
      backoffPolicy: 'linear',
      backoffDelayMs: 5,
      timeoutMs: 9,
      deadLetterUrl: 'http://dlq.test/',
    })
  })

  it('replaces retry and back-off by any delivery of the trigger, yet keeps the dead letter sink of the broker', () => {
    const policy = deliveryPolicy(
      trigger('t', { delivery: { timeoutMs: 7 } }),
      broker({ delivery: { retry: 2, backoffDelayMs: 5, deadLetterSink: sink } }),
    )
    expect(policy).toEqual({
      retry: 0,
      backoffDelayMs: 0,
      timeoutMs: 7,
      deadLetterUrl: 'http://dlq.test/',
    })
    const own = { uri: 'http://own.test/' }
    expect(
      deliveryPolicy(
        trigger('t', { delivery: { deadLetterSink: own } }),
        broker({ delivery: { deadLetterSink: sink } }),
      ).deadLetterUrl,
    ).toBe('http://own.test/')
  })
})

describe('destinations', () => {
  const service = {
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Service',
    name: 'orders',
    namespace: 'shop',
  }
  it.each([
    [{ ref: service }, 'http://orders.shop.svc.cluster.local'],
    [{ ref: { ...service, apiVersion: 'v1' } }, 'http://orders.shop.svc.cluster.local'],
    [{ ref: service, uri: '/hook?x=1' }, 'http://orders.shop.svc.cluster.local/hook?x=1'],
    [
      { ref: { ...service, apiVersion: 'eventing.knative.dev/v1', kind: 'Broker', name: 'b' } },
      'http://broker-ingress.knative-eventing.svc.cluster.local/shop/b',
    ],
    [{ uri: 'https://example.test/in' }, 'https://example.test/in'],
  ])('%j leads to %s', (destination, url) => {
    expect(resolve(destination)).toBe(url)
  })

  it.each([
    [{}, '"subscriber" must have ref or uri, got neither'],
    [{ uri: '/relative' }, '"subscriber.uri" must be an absolute http URL, got "/relative"'],
    [
      { ref: { ...service, kind: 'Channel', apiVersion: 'messaging.knative.dev/v1' } },
      '"subscriber.ref" must be a Service or a Broker, got messaging.knative.dev/v1 Channel',
    ],
  ])('%j is refused', (destination, message) => {
    expect(() => resolve(destination)).toThrow(new TypeError(message))
  })
})
