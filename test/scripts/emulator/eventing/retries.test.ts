import { describe, expect, it } from 'vitest'
import { resolve } from '../../../../scripts/emulator/eventing/resolve.ts'
import {
  BROKER_DEFAULTS,
  backoffMs,
  deliveryPolicy,
  isRetryable,
  isSuccess,
  waitMs,
} from '../../../../scripts/emulator/eventing/retries.ts'

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
  it('takes the inherited delivery as a whole when there is none of its own', () => {
    expect(deliveryPolicy(undefined, BROKER_DEFAULTS)).toEqual({
      retry: 10,
      backoffPolicy: 'exponential',
      backoffDelayMs: 200,
    })
    const delivery = {
      retry: 2,
      backoffPolicy: 'linear',
      backoffDelayMs: 5,
      timeoutMs: 9,
      format: 'json',
    } as const
    expect(deliveryPolicy(undefined, delivery)).toEqual(delivery)
  })

  it('replaces retry and back-off by any delivery of its own', () => {
    const inherited = { retry: 2, backoffDelayMs: 5 }
    expect(deliveryPolicy({ timeoutMs: 7 }, inherited, 'http://dlq.test/')).toEqual({
      retry: 0,
      backoffDelayMs: 0,
      timeoutMs: 7,
      deadLetterUrl: 'http://dlq.test/',
    })
  })
})

describe('destinations', () => {
  const service = {
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Service',
    name: 'orders',
    namespace: 'shop',
  }
  const messaging = { ...service, apiVersion: 'messaging.knative.dev/v1' }
  it.each([
    [{ ref: service }, 'http://orders.shop.svc.cluster.local'],
    [{ ref: { ...service, apiVersion: 'v1' } }, 'http://orders.shop.svc.cluster.local'],
    [{ ref: service, uri: '/hook?x=1' }, 'http://orders.shop.svc.cluster.local/hook?x=1'],
    [
      { ref: { ...service, apiVersion: 'eventing.knative.dev/v1', kind: 'Broker', name: 'b' } },
      'http://broker-ingress.knative-eventing.svc.cluster.local/shop/b',
    ],
    [{ ref: { ...messaging, kind: 'Channel' } }, 'http://orders-kn-channel.shop.svc.cluster.local'],
    [
      { ref: { ...messaging, kind: 'InMemoryChannel' } },
      'http://orders-kn-channel.shop.svc.cluster.local',
    ],
    [{ uri: 'https://example.test/in' }, 'https://example.test/in'],
  ])('%j leads to %s', (destination, url) => {
    expect(resolve(destination)).toEqual({ url })
  })

  it.each([
    [{}, '"subscriber" must have ref or uri, got neither'],
    [{ uri: '/relative' }, '"subscriber.uri" must be an absolute http URL, got "/relative"'],
    [{ uri: 'ftp://x/' }, '"subscriber.uri" must be an absolute http URL, got "ftp://x/"'],
  ])('%j is refused', (destination, message) => {
    expect(() => resolve(destination)).toThrow(new TypeError(message))
  })

  it('leads nowhere while there is no such object', () => {
    const ref = { ...messaging, kind: 'Sequence', apiVersion: 'flows.knative.dev/v1' }
    expect(resolve({ ref })).toEqual({
      error: 'failed to get object shop/orders: sequences.flows.knative.dev "orders" not found',
    })
    expect(resolve({ ref: service }, () => undefined)).toEqual({
      error: 'failed to get object shop/orders: services.serving.knative.dev "orders" not found',
    })
  })
})
