import { describe, expect, it } from 'vitest'
import { answer, bench, DEFAULT_BROKER, DLQ, errors, event, trigger } from './fixture.ts'

describe('the end of an event', () => {
  it('is delivered when every matching trigger answered 2xx, and says who did not match and why', async () => {
    const { eventing, requests } = await bench({
      triggers: [
        trigger('one'),
        trigger('two', { filter: { type: 'test.happened' } }),
        trigger('three', { filter: { type: 'other' } }),
      ],
    })
    await eventing.publish(DEFAULT_BROKER, event({ subject: 's' }, 'body'))
    await eventing.idle()
    const record = eventing.event('e1', '/test')
    expect(record).toMatchObject({
      state: 'delivered',
      broker: 'app/default',
      deliveries: [
        {
          trigger: 'app/one',
          state: 'delivered',
          tries: 1,
          attempts: [{ status: 202, waitMs: 0, to: 'subscriber' }],
        },
        { trigger: 'app/two', state: 'delivered' },
      ],
      misses: [{ trigger: 'app/three', attribute: 'type', wanted: 'other', got: 'test.happened' }],
    })
    expect(Buffer.from(record?.data ?? []).toString()).toBe('body')
    expect(requests.map(({ url }) => url).sort()).toEqual(['http://one.test/', 'http://two.test/'])
  })

  it('is filtered when no trigger matched, with the nearest miss as the reason', async () => {
    const { eventing, requests } = await bench({
      triggers: [
        trigger('far', { filter: { type: 'x', subject: 'y' } }),
        trigger('near', { filter: { type: 'test.happened', subject: 'y' } }),
      ],
    })
    await eventing.publish(DEFAULT_BROKER, event())
    await eventing.idle()
    expect(eventing.events({ limit: 1 })).toMatchObject([
      {
        state: 'filtered',
        reason:
          'no trigger matched; the nearest is app/near, which wanted subject = y, got nothing',
      },
    ])
    expect(requests).toEqual([])
  })

  it('is dead-lettered with the error extensions after the last retry', async () => {
    const delivery = {
      retry: 2,
      backoffPolicy: 'exponential',
      backoffDelayMs: 100,
      ...DLQ,
    } as const
    const { eventing, clock, requests, settle } = await bench(
      { triggers: [trigger('bad', { delivery })] },
      { bad: () => answer(503, 'x'.repeat(2000)) },
    )
    await eventing.publish(DEFAULT_BROKER, event({}, '{"a":1}'))
    await settle()
    expect(requests).toHaveLength(1)
    expect(eventing.event('e1')).toMatchObject({ state: 'retrying', deliveries: [{ waitMs: 100 }] })
    await clock.advance(99)
    await settle()
    expect(requests).toHaveLength(1)
    await clock.advance(2)
    await settle()
    expect(requests).toHaveLength(2)
    await clock.advance(200)
    await eventing.idle()
    expect(requests.map(({ url }) => url)).toEqual([
      ...Array(3).fill('http://bad.test/'),
      'http://dlq.test/',
    ])
    const letter = requests[3]
    expect(letter?.headers).toMatchObject({
      'ce-id': 'e1',
      'ce-knativeerrordest': 'http://bad.test/',
      'ce-knativeerrorcode': '503',
      'ce-knativeerrordata': Buffer.from('x'.repeat(2000)).toString('base64').slice(0, 1024),
      'ce-knativebrokerttl': '255',
    })
    expect(letter?.headers).not.toHaveProperty('prefer')
    expect(Buffer.from(letter?.body ?? []).toString()).toBe('{"a":1}')
    expect(eventing.event('e1')).toMatchObject({
      state: 'deadLettered',
      deliveries: [
        {
          state: 'deadLettered',
          deadLetterUrl: 'http://dlq.test/',
          attempts: [
            { status: 503, waitMs: 0 },
            { status: 503, waitMs: 100 },
            { status: 503, waitMs: 200 },
            { status: 202, to: 'deadLetterSink' },
          ],
        },
      ],
    })
  })

  it('is dead-lettered at once when the answer is final', async () => {
    const { eventing, requests } = await bench(
      { triggers: [trigger('bad', { delivery: { retry: 9, ...DLQ } })] },
      { bad: () => answer(400) },
    )
    await eventing.publish(DEFAULT_BROKER, event())
    await eventing.idle()
    expect(requests.map(({ url }) => url)).toEqual(['http://bad.test/', 'http://dlq.test/'])
  })

  it('retries the dead letter with the same policy, and is failed when that fails too', async () => {
    const { eventing, requests, lines } = await bench(
      { triggers: [trigger('bad', { delivery: { retry: 1, ...DLQ } })] },
      { bad: () => answer(500), dlq: () => answer(500) },
    )
    await eventing.publish(DEFAULT_BROKER, event())
    await eventing.idle()
    expect(requests).toHaveLength(4)
    expect(eventing.event('e1')?.state).toBe('failed')
    expect(errors({ lines })).toEqual([
      'test.happened failed after 4 tries: 500, after answered 500 from its subscriber',
    ])
  })

  it('is failed, loudly, when there is no dead letter sink', async () => {
    const test = await bench(
      { triggers: [trigger('bad', { delivery: {} })] },
      { bad: () => answer(400, 'no') },
    )
    await test.eventing.publish(DEFAULT_BROKER, event())
    await test.eventing.idle()
    expect(test.eventing.event('e1')?.state).toBe('failed')
    expect(errors(test)).toEqual([
      'test.happened failed after 1 try: 400 and there is no dead letter sink',
    ])
  })

  it('is failed when only one of several triggers failed', async () => {
    const { eventing } = await bench(
      { triggers: [trigger('good'), trigger('bad', { delivery: {} })] },
      { bad: () => answer(400) },
    )
    await eventing.publish(DEFAULT_BROKER, event())
    await eventing.idle()
    expect(eventing.event('e1')).toMatchObject({
      state: 'failed',
      deliveries: [{ state: 'delivered' }, { state: 'failed' }],
    })
  })

  it('counts no answer as 500 with the error as the data', async () => {
    const { eventing, requests } = await bench(
      { triggers: [trigger('gone', { delivery: DLQ })] },
      { gone: () => Promise.reject(new Error('connect refused')) },
    )
    await eventing.publish(DEFAULT_BROKER, event())
    await eventing.idle()
    expect(requests[1]?.headers).toMatchObject({
      'ce-knativeerrorcode': '500',
      'ce-knativeerrordata': Buffer.from('dispatch error: connect refused').toString('base64'),
    })
  })
})
