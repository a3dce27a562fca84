import { describe, expect, it } from 'vitest'
import { answer, bench, broker, DEFAULT_BROKER, event, trigger } from './fixture.ts'

describe('a subscriber request', () => {
  it('is binary, asks for a reply, names the namespace, and carries no TTL', async () => {
    const { eventing, requests } = await bench({ triggers: [trigger('one')] })
    await eventing.publish(
      DEFAULT_BROKER,
      event({ datacontenttype: 'application/json', ünused: undefined as never, x: 'ä b' }, '{}'),
    )
    await eventing.idle()
    expect(requests[0]).toMatchObject({ method: 'POST', url: 'http://one.test/' })
    expect(requests[0]?.headers).toEqual({
      'ce-specversion': '1.0',
      'ce-id': 'e1',
      'ce-source': '/test',
      'ce-type': 'test.happened',
      'ce-x': '%C3%A4%20b',
      'ce-knativearrivaltime': '2026-01-01T00:00:00.000Z',
      'content-type': 'application/json',
      'kn-namespace': 'app',
      prefer: 'reply',
    })
  })

  it('follows redirects as Go does', async () => {
    const { eventing, requests } = await bench(
      { triggers: [trigger('moved')] },
      {
        moved: ({ url }) =>
          url.endsWith('/')
            ? answer(307, '', { location: '/there' })
            : answer(303, '', { location: 'http://got.test/x' }),
      },
    )
    await eventing.publish(DEFAULT_BROKER, event({}, 'data'))
    await eventing.idle()
    expect(requests.map(({ method, url, body }) => [method, url, body?.length])).toEqual([
      ['POST', 'http://moved.test/', 4],
      ['POST', 'http://moved.test/there', 4],
      ['GET', 'http://got.test/x', undefined],
    ])
    expect(eventing.event('e1')?.state).toBe('delivered')
  })

  it('to a broker stays in the process', async () => {
    const subscriber = {
      ref: {
        apiVersion: 'eventing.knative.dev/v1',
        kind: 'Broker',
        name: 'second',
        namespace: 'app',
      },
    }
    const { eventing, requests } = await bench({
      brokers: [broker(), broker({ name: 'second' })],
      triggers: [trigger('forward', { subscriber }), trigger('end', { broker: 'second' })],
    })
    await eventing.publish(DEFAULT_BROKER, event())
    await eventing.idle()
    expect(requests.map(({ url }) => url)).toEqual(['http://end.test/'])
    expect(eventing.events({ limit: 9 }).map(record => record.broker)).toEqual([
      'app/second',
      'app/default',
    ])
  })
})
