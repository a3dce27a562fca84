import { describe, expect, it } from 'vitest'
import {
  answer,
  type Bench,
  type BenchOptions,
  bench,
  broker,
  channel,
  DEFAULT_BROKER,
  DLQ,
  event,
  replyEvent,
  type Subscriber,
  subscription,
  trigger,
  until,
} from './fixture.ts'
import { type Posting, posting } from './posting.ts'

async function opened(
  options: BenchOptions,
  subscribers: Record<string, Subscriber> = {},
): Promise<Bench & Posting> {
  const base = await bench({ mode: 'sync', ...options }, subscribers)
  return Object.assign(base, await posting(base))
}

describe('in sync mode a POST', () => {
  it('is answered only when every subscriber is finished', async () => {
    const held = Promise.withResolvers<void>()
    let answered = false
    const { post, requests } = await opened(
      { triggers: [trigger('slow'), trigger('fast')] },
      { slow: () => held.promise.then(() => answer(200)) },
    )
    const result = post('/app/default').finally(() => {
      answered = true
    })
    await until(() => requests.length === 2)
    expect(answered).toBe(false)
    held.resolve()
    expect((await result).status).toBe(202)
  })

  it('is answered 500 when one failed without a dead letter sink, although others took it', async () => {
    const { post, eventing } = await opened(
      { triggers: [trigger('good'), trigger('bad', { delivery: {} })] },
      { bad: () => answer(400) },
    )
    expect(await post('/app/default')).toMatchObject({
      status: 500,
      body: 'not delivered to app/bad: answered 400',
    })
    expect(eventing.events({ limit: 9, state: 'refused' })).toEqual([])
  })

  it('is answered 202 when what failed was dead-lettered, or nobody wanted it', async () => {
    const { post } = await opened(
      {
        triggers: [
          trigger('bad', { filter: { type: 't' }, delivery: DLQ }),
          trigger('never', { filter: { type: 'x' } }),
        ],
      },
      { bad: () => answer(400) },
    )
    expect((await post('/app/default')).status).toBe(202)
    expect((await post('/app/default', { 'ce-type': 'nobody' })).status).toBe(202)
  })

  it('waits for retries', async () => {
    let tries = 0
    const delivery = { retry: 2, backoffPolicy: 'exponential', backoffDelayMs: 1000 } as const
    const { post, clock, settle } = await opened(
      { triggers: [trigger('late', { delivery })] },
      {
        late: () => {
          tries += 1
          return answer(tries < 3 ? 503 : 200)
        },
      },
    )
    const result = post('/app/default')
    await until(() => tries === 1)
    await settle()
    await clock.advance(1000)
    await until(() => tries === 2)
    await settle()
    await clock.advance(2000)
    expect((await result).status).toBe(202)
    expect(tries).toBe(3)
  })

  it('waits for the subscribers of the replies too, whose failure is a failed reply', async () => {
    const { post, eventing } = await opened(
      {
        brokers: [broker({ delivery: {} })],
        triggers: [
          trigger('ask', { filter: { type: 't' } }),
          trigger('hear', { filter: { type: 'a' } }),
        ],
      },
      { ask: () => replyEvent('r1', 'a'), hear: () => answer(400) },
    )
    expect(await post('/app/default')).toMatchObject({
      status: 500,
      body: expect.stringContaining(
        'not delivered to app/ask: reply refused: not delivered to app/hear: answered 400',
      ),
    })
    expect(eventing.event('1')?.deliveries[0]?.attempts).toMatchObject([
      { to: 'subscriber', status: 200 },
      { to: 'reply', status: 500 },
    ])
  })

  it('goes on when replies go round deeper than a trigger runs at once', async () => {
    let replies = 0
    const { post } = await opened(
      { brokers: [broker({ delivery: {} })], triggers: [trigger('echo')] },
      {
        echo: () => {
          replies += 1
          return replies > 150 ? answer(202) : replyEvent(`r${replies}`, 'again')
        },
      },
    )
    expect((await post('/app/default')).status).toBe(202)
    expect(replies).toBe(151)
  })

  it('is given up after fifteen minutes', async () => {
    const { post, clock, requests } = await opened(
      { triggers: [trigger('stuck')] },
      { stuck: () => new Promise(() => {}) },
    )
    const result = post('/app/default')
    await until(() => requests.length === 1)
    await clock.advance(15 * 60_000)
    expect(await result).toMatchObject({ status: 500, body: 'fan-out timed out' })
  })

  it('to a channel waits as well, unless its handler is asynchronous', async () => {
    const annotations = { 'messaging.knative.dev/async-handler': 'true' }
    const held = Promise.withResolvers<void>()
    const { post, eventing } = await opened(
      {
        channels: [channel('pipe', { annotations }), channel('other')],
        subscriptions: [
          subscription('slow'),
          subscription('bad', { channel: { kind: 'Channel', name: 'other' } }),
        ],
      },
      { slow: () => held.promise.then(() => answer(500)), bad: () => answer(500) },
    )
    const to = (name: string) => ({ host: `${name}-kn-channel.app.svc.cluster.local` })
    expect((await post('/', to('pipe'))).status).toBe(202)
    expect(eventing.events({ limit: 1 })).toMatchObject([{ state: 'pending' }])
    held.resolve()
    expect((await post('/', to('other'))).status).toBe(500)
  })

  it('to a channel through a trigger that forwards waits for the whole way', async () => {
    const ref = {
      apiVersion: 'messaging.knative.dev/v1',
      kind: 'Channel',
      name: 'pipe',
      namespace: 'app',
    }
    const { post } = await opened(
      {
        triggers: [trigger('forward', { subscriber: { ref }, delivery: {} })],
        channels: [channel('pipe')],
        subscriptions: [subscription('bad')],
      },
      { bad: () => answer(400) },
    )
    expect(await post('/app/default')).toMatchObject({
      status: 500,
      body: 'not delivered to app/forward: event refused: not delivered to subscription/app/bad: answered 400',
    })
  })
})

it('a restart in sync mode loses what was under way, as an in-memory channel does, and says so', async () => {
  let stuck = true
  const test = await bench(
    { mode: 'sync', triggers: [trigger('one')] },
    { one: () => (stuck ? new Promise(() => {}) : answer(200)) },
  )
  await test.eventing.publish(DEFAULT_BROKER, event())
  await until(() => test.requests.length === 1)
  stuck = false
  await test.restart()
  await test.eventing.idle()
  expect(test.requests).toHaveLength(1)
  expect(test.eventing.event('e1')).toMatchObject({
    state: 'failed',
    deliveries: [
      { failure: { message: 'the broker was restarted, and keeps nothing in sync mode' } },
    ],
  })
})

it('what a former process left waits until the resources are there when it is deferred', async () => {
  let stuck = true
  const test = await bench(
    { triggers: [trigger('one')] },
    { one: () => (stuck ? new Promise(() => {}) : answer(200)) },
  )
  await test.eventing.publish(DEFAULT_BROKER, event())
  await until(() => test.requests.length === 1)
  stuck = false
  await test.restart({ brokers: [], triggers: [], deferred: true })
  expect(test.eventing.event('e1')?.state).toBe('pending')
  test.eventing.apply(broker())
  test.eventing.apply(trigger('one'))
  test.eventing.resume()
  test.eventing.resume()
  await test.eventing.idle()
  expect(test.requests).toHaveLength(2)
  expect(test.eventing.event('e1')?.state).toBe('delivered')
})
