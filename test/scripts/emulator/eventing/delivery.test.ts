import { describe, expect, it } from 'vitest'
import { deliver, toFailure } from '../../../../scripts/emulator/eventing/delivery.ts'
import type { NetworkRequest, NetworkResponse, Send } from '../../../../scripts/emulator/network.ts'
import { answer, bench, DEFAULT_BROKER, event, trigger } from './fixture.ts'

const never = new AbortController().signal
const request = {
  url: 'http://one.test/',
  event: event({ datacontenttype: 'application/json', count: 3 }, '{"a":1}'),
  headers: { 'kn-namespace': 'app' },
  answer: 'strict',
  timeoutMs: 60_000,
  signal: never,
} as const

/** Answers by path, and keeps what came. */
function sending(answers: Record<string, NetworkResponse>): { send: Send; seen: NetworkRequest[] } {
  const seen: NetworkRequest[] = []
  const send: Send = async each => {
    seen.push(each)
    return answers[new URL(each.url).pathname] ?? answer(202)
  }
  return { send, seen }
}

describe('the format of a delivery', () => {
  it('is binary unless told', async () => {
    const { send, seen } = sending({})
    await deliver(send, request)
    await deliver(send, { ...request, format: 'binary' })
    for (const { headers, body } of seen) {
      expect(headers).toMatchObject({
        'ce-type': 'test.happened',
        'content-type': 'application/json',
      })
      expect(Buffer.from(body ?? []).toString()).toBe('{"a":1}')
    }
  })

  it('json is structured mode, with all other headers as before', async () => {
    const { send, seen } = sending({})
    await deliver(send, { ...request, format: 'json' })
    expect(seen[0]?.headers).toEqual({
      'content-type': 'application/cloudevents+json',
      'kn-namespace': 'app',
      prefer: 'reply',
    })
    expect(JSON.parse(Buffer.from(seen[0]?.body ?? []).toString())).toEqual({
      ...request.event.attributes,
      data: { a: 1 },
    })
  })

  it('is taken from the trigger, dead letters included', async () => {
    const delivery = { format: 'json', deadLetterSink: { uri: 'http://dlq.test/' } } as const
    const { eventing, requests } = await bench(
      { triggers: [trigger('bad', { delivery })] },
      { bad: () => answer(400) },
    )
    await eventing.publish(DEFAULT_BROKER, event())
    await eventing.idle()
    expect(requests.map(({ headers }) => headers['content-type'])).toEqual([
      'application/cloudevents+json',
      'application/cloudevents+json',
    ])
    expect(JSON.parse(Buffer.from(requests[1]?.body ?? []).toString())).toMatchObject({
      knativeerrorcode: 400,
    })
  })
})

describe('Retry-After', () => {
  const delivery = {
    retry: 3,
    backoffPolicy: 'exponential',
    backoffDelayMs: 100,
    retryAfterMaxMs: 60_000,
  } as const

  it('puts the next try off when the feature is on', async () => {
    const { eventing, settle, clock, requests } = await bench(
      {
        features: { 'delivery-retryafter': 'enabled' },
        triggers: [trigger('busy', { delivery })],
      },
      { busy: () => answer(503, '', { 'retry-after': '30' }) },
    )
    await eventing.publish(DEFAULT_BROKER, event())
    await settle()
    await clock.advance(29_999)
    await settle()
    expect(requests).toHaveLength(1)
    await clock.advance(1)
    await settle()
    expect(requests).toHaveLength(2)
  })

  it('is not asked for while the feature is off', async () => {
    const { eventing } = await bench()
    expect(() => eventing.apply(trigger('busy', { delivery }))).toThrow(
      'must not set the field(s): spec.delivery.retryAfterMax (feature delivery-retryafter is off)',
    )
  })
})

describe('redirects', () => {
  it.each([301, 302, 303])('%i turns into a GET without a body', async status => {
    const { send, seen } = sending({ '/': answer(status, '', { location: '/there' }) })
    expect(await deliver(send, request)).toMatchObject({ status: 202 })
    expect(seen[1]).toMatchObject({ method: 'GET', url: 'http://one.test/there' })
    expect(seen[1]).not.toHaveProperty('body')
  })

  it.each([307, 308])('%i keeps the POST and its body', async status => {
    const { send, seen } = sending({ '/': answer(status, '', { location: 'http://two.test/x' }) })
    await deliver(send, request)
    expect(seen[1]).toMatchObject({ method: 'POST', url: 'http://two.test/x' })
    expect(Buffer.from(seen[1]?.body ?? []).toString()).toBe('{"a":1}')
  })

  it('without a Location counts as it stands, which is no success and is not retried', async () => {
    const { eventing, requests } = await bench(
      { triggers: [trigger('odd', { delivery: { retry: 5 } })] },
      { odd: () => answer(302) },
    )
    await eventing.publish(DEFAULT_BROKER, event())
    await eventing.idle()
    expect(requests).toHaveLength(1)
    expect(eventing.event('e1')?.state).toBe('failed')
  })

  it('are given up after ten', async () => {
    const { send, seen } = sending({ '/': answer(307, '', { location: '/' }) })
    expect(await deliver(send, request)).toMatchObject({
      status: 0,
      error: 'stopped after 10 redirects',
    })
    expect(seen).toHaveLength(11)
  })

  it('to what is no URL are no answer', async () => {
    const { send } = sending({ '/': answer(307, '', { location: 'http://[' }) })
    expect(await deliver(send, request)).toMatchObject({
      status: 0,
      error: 'answered 307 with a Location that is no URL',
    })
  })
})

describe('a reply', () => {
  it.each([200, 201, 202, 204])(
    'may come with %i, whatever the specification says',
    async status => {
      const headers = { 'ce-specversion': '1.0', 'ce-id': 'r', 'ce-source': '/r', 'ce-type': 'a' }
      const { send } = sending({ '/': answer(status, 'x', headers) })
      expect(await deliver(send, request)).toMatchObject({
        status,
        reply: { attributes: { id: 'r' } },
      })
    },
  )

  it('may be structured', async () => {
    const body = JSON.stringify({ specversion: '1.0', id: 'r', source: '/r', type: 'a' })
    const headers = { 'content-type': 'application/cloudevents+json' }
    const { send } = sending({ '/': answer(200, body, headers) })
    expect((await deliver(send, request)).reply?.attributes.id).toBe('r')
  })

  it.each([
    ['strict', 502],
    ['lenient', 200],
    ['ignored', 200],
  ] as const)('that is HTML is, when answers are %s, a %i', async (expected, status) => {
    const { send } = sending({ '/': answer(200, '<html>', { 'content-type': 'text/html' }) })
    expect(await deliver(send, { ...request, answer: expected })).toMatchObject({ status })
  })
})

describe('what the dead letter tells', () => {
  const outcome = { status: 503, headers: {}, tookMs: 1 }
  it.each([
    [0, 0],
    [766, 1024],
    [768, 1024],
    [769, 1024],
    [5000, 1024],
  ])('of a body of %i bytes is %i characters of base64', (size, length) => {
    const { data } = toFailure('http://x/', { ...outcome, body: Buffer.alloc(size, 'x') })
    expect(data).toHaveLength(length)
    expect(Buffer.alloc(size, 'x').toString('base64').startsWith(data)).toBe(true)
  })
})
