import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import {
  answer,
  bench,
  broker,
  channel,
  DEFAULT_BROKER,
  DLQ,
  event,
  replyEvent,
  subscription,
  trigger,
} from './fixture.ts'

const PIPE = { kind: 'Channel', namespace: 'app', name: 'pipe' } as const
const toChannel = (name: string) => ({
  ref: { apiVersion: 'messaging.knative.dev/v1', kind: 'Channel', name, namespace: 'app' },
})

describe('a channel', () => {
  it('hands each event to every subscription as it came: no hop budget, no arrival time', async () => {
    const { eventing, requests } = await bench({
      channels: [channel('pipe'), channel('other')],
      subscriptions: [
        subscription('one'),
        subscription('two'),
        subscription('else', { channel: { kind: 'Channel', name: 'other' } }),
      ],
    })
    await eventing.publish(PIPE, event({ knativebrokerttl: 3 }, 'data'))
    await eventing.idle()
    expect(requests.map(({ url }) => url).sort()).toEqual(['http://one.test/', 'http://two.test/'])
    expect(requests[0]?.headers).toEqual({
      'ce-specversion': '1.0',
      'ce-id': 'e1',
      'ce-source': '/test',
      'ce-type': 'test.happened',
      'ce-knativebrokerttl': '3',
      'kn-namespace': 'app',
      prefer: 'reply',
    })
    expect(eventing.event('e1')).toMatchObject({
      state: 'delivered',
      broker: 'channel/app/pipe',
      deliveries: [{ trigger: 'subscription/app/one' }, { trigger: 'subscription/app/two' }],
    })
  })

  it('sends the answer of a subscriber to the reply of its subscription, and to nobody else', async () => {
    const { eventing, requests } = await bench(
      {
        channels: [channel('pipe')],
        subscriptions: [
          subscription('ask', { reply: { uri: 'http://hear.test/in' } }),
          subscription('mute'),
        ],
      },
      {
        ask: () => ({ ...replyEvent('r1', 'a', 'the answer') }),
        mute: () => replyEvent('r2', 'b'),
        hear: () => answer(200, 'thanks'),
      },
    )
    await eventing.publish(PIPE, event())
    await eventing.idle()
    const heard = requests.filter(({ url }) => url === 'http://hear.test/in')
    expect(heard).toHaveLength(1)
    expect(heard[0]?.headers).toMatchObject({ 'ce-id': 'r1', 'kn-namespace': 'app' })
    expect(heard[0]?.headers).not.toHaveProperty('prefer')
    expect(Buffer.from(heard[0]?.body ?? []).toString()).toBe('the answer')
    expect(eventing.event('e1')?.deliveries[0]).toMatchObject({
      state: 'delivered',
      attempts: [
        { to: 'subscriber', status: 200 },
        { to: 'reply', url: 'http://hear.test/in', status: 200 },
      ],
    })
  })

  it('chains: a reply into another channel is an event there, with its cause', async () => {
    const { eventing, requests } = await bench(
      {
        channels: [channel('pipe'), channel('next')],
        subscriptions: [
          subscription('first', { reply: toChannel('next') }),
          subscription('second', { channel: { kind: 'Channel', name: 'next' } }),
        ],
      },
      { first: () => replyEvent('r1', 'step.done') },
    )
    await eventing.publish(PIPE, event())
    await eventing.idle()
    expect(requests.map(({ url }) => url)).toEqual(['http://first.test/', 'http://second.test/'])
    expect(eventing.event('r1')).toMatchObject({
      broker: 'channel/app/next',
      cause: { id: 'e1', trigger: 'subscription/app/first', how: 'reply' },
    })
    const [parent] = eventing.events({ limit: 1, id: 'e1' })
    expect(eventing.children(parent?.seq ?? 0).map(({ attributes }) => attributes.id)).toEqual([
      'r1',
    ])
  })

  it('takes a body that is no CloudEvent for no reply, as a channel does and a broker does not', async () => {
    const { eventing, requests } = await bench(
      {
        channels: [channel('pipe')],
        subscriptions: [subscription('chatty', { reply: { uri: 'http://hear.test/' } })],
      },
      { chatty: () => answer(200, 'OK') },
    )
    await eventing.publish(PIPE, event())
    await eventing.idle()
    expect(eventing.event('e1')?.state).toBe('delivered')
    expect(requests).toHaveLength(1)
  })

  it('passes the event itself on when a subscription has only a reply', async () => {
    const { eventing, requests } = await bench({
      channels: [channel('pipe')],
      subscriptions: [
        subscription('through', { subscriber: undefined, reply: { uri: 'http://hear.test/' } }),
      ],
    })
    await eventing.publish(PIPE, event({}, 'x'))
    await eventing.idle()
    expect(requests).toMatchObject([{ url: 'http://hear.test/', headers: { 'ce-id': 'e1' } }])
    expect(eventing.event('e1')?.state).toBe('delivered')
  })

  it('retries the reply and not the subscriber, then dead-letters the original event', async () => {
    const { eventing, requests, clock, settle } = await bench(
      {
        channels: [channel('pipe')],
        subscriptions: [
          subscription('ask', {
            reply: { uri: 'http://hear.test/' },
            delivery: {
              retry: 2,
              backoffPolicy: 'exponential',
              backoffDelayMs: 100,
              ...DLQ,
            },
          }),
        ],
      },
      { ask: () => replyEvent('r1', 'a'), hear: () => answer(503, 'no') },
    )
    await eventing.publish(PIPE, event({}, 'original'))
    await settle()
    await clock.advance(100)
    await settle()
    await clock.advance(200)
    await eventing.idle()
    expect(requests.map(({ url }) => new URL(url).hostname)).toEqual([
      'ask.test',
      'hear.test',
      'hear.test',
      'hear.test',
      'dlq.test',
    ])
    expect(requests.at(-1)?.headers).toMatchObject({
      'ce-id': 'e1',
      'ce-knativeerrordest': 'http://hear.test/',
      'ce-knativeerrorcode': '503',
      'ce-knativeerrordata': Buffer.from('no').toString('base64'),
    })
    expect(Buffer.from(requests.at(-1)?.body ?? []).toString()).toBe('original')
    expect(eventing.event('e1')?.state).toBe('deadLettered')
  })

  it('keeps an answer that waits for its address over a restart, and asks the subscriber once', async () => {
    const delivery = { retry: 5, backoffPolicy: 'exponential', backoffDelayMs: 1000 } as const
    let broken = true
    const test = await bench(
      {
        channels: [channel('pipe')],
        subscriptions: [subscription('ask', { reply: { uri: 'http://hear.test/' }, delivery })],
      },
      { ask: () => replyEvent('r1', 'a', 'the answer'), hear: () => answer(broken ? 503 : 202) },
    )
    await test.eventing.publish(PIPE, event({ traceparent: 'x' }))
    await test.settle()
    expect(test.eventing.event('e1')?.deliveries).toMatchObject([{ stage: 'reply', tries: 1 }])
    broken = false
    await test.restart()
    await test.clock.advance(1000)
    await test.eventing.idle()
    const hosts = test.requests.map(({ url }) => new URL(url).hostname)
    expect(hosts).toEqual(['ask.test', 'hear.test', 'hear.test'])
    const [, before, after] = test.requests
    expect(after?.headers).toEqual(before?.headers)
    expect(Buffer.from(after?.body ?? []).toString()).toBe('the answer')
    expect(test.eventing.event('e1')?.state).toBe('delivered')
    await test.restart()
    const database = new DatabaseSync(join(test.directory, 'events.db'), { readOnly: true })
    expect(database.prepare('SELECT * FROM replies').all()).toEqual([])
    database.close()
  })

  it('gives a subscription without delivery its own, and its dead letter sink to any', async () => {
    const { eventing, requests } = await bench(
      {
        channels: [channel('pipe', { delivery: { retry: 2, ...DLQ } })],
        subscriptions: [subscription('bad'), subscription('worse', { delivery: { retry: 0 } })],
      },
      { bad: () => answer(500), worse: () => answer(500) },
    )
    await eventing.publish(PIPE, event())
    await eventing.idle()
    const hosts = requests.map(({ url }) => new URL(url).hostname).sort()
    expect(hosts).toEqual([
      'bad.test',
      'bad.test',
      'bad.test',
      'dlq.test',
      'dlq.test',
      'worse.test',
    ])
  })

  it('tries once when nobody says how often', async () => {
    const test = await bench(
      { channels: [channel('pipe')], subscriptions: [subscription('bad')] },
      { bad: () => answer(500) },
    )
    await test.eventing.publish(PIPE, event())
    await test.eventing.idle()
    expect(test.requests).toHaveLength(1)
    expect(test.eventing.event('e1')?.state).toBe('failed')
  })

  it('gets every attribute as a string, as binary mode carries them between brokers', async () => {
    const { eventing, requests } = await bench({
      brokers: [broker(), broker({ name: 'second' })],
      triggers: [
        trigger('forward', {
          subscriber: {
            ref: {
              apiVersion: 'eventing.knative.dev/v1',
              kind: 'Broker',
              name: 'second',
              namespace: 'app',
            },
          },
        }),
        trigger('before', { filter: { count: '3' } }),
        trigger('after', { broker: 'second', filter: { count: '3' } }),
      ],
    })
    await eventing.publish(DEFAULT_BROKER, event({ count: 3 }))
    await eventing.idle()
    expect(requests.map(({ url }) => url)).toEqual(['http://after.test/'])
  })

  it('can be the subscriber of a trigger', async () => {
    const { eventing, requests } = await bench({
      triggers: [trigger('forward', { subscriber: toChannel('pipe') })],
      channels: [channel('pipe')],
      subscriptions: [subscription('end')],
    })
    await eventing.publish(DEFAULT_BROKER, event())
    await eventing.idle()
    expect(requests.map(({ url }) => url)).toEqual(['http://end.test/'])
    expect(eventing.events({ limit: 9 })).toMatchObject([
      { broker: 'channel/app/pipe', cause: { how: 'forward', trigger: 'app/forward' } },
      { broker: 'app/default' },
    ])
  })
})
