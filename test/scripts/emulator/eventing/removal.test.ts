import { describe, expect, it } from 'vitest'
import {
  answer,
  bench,
  broker,
  channel,
  DEFAULT_BROKER,
  event,
  subscription,
  trigger,
} from './fixture.ts'

const PIPE = { kind: 'Channel', namespace: 'app', name: 'pipe' } as const

describe('at run time', () => {
  it('a subscription that comes later gets the events from then on', async () => {
    const { eventing, requests } = await bench()
    eventing.apply(channel('pipe', { kind: 'InMemoryChannel' }))
    await eventing.publish(PIPE, event({ id: 'early' }))
    expect(eventing.event('early')).toMatchObject({
      state: 'filtered',
      reason: 'channel app/pipe has no subscription',
    })
    eventing.apply(subscription('one', { channel: { kind: 'InMemoryChannel', name: 'pipe' } }))
    await eventing.publish(PIPE, event({ id: 'late' }))
    await eventing.idle()
    expect(requests.map(({ headers }) => headers['ce-id'])).toEqual(['late'])
  })

  it.each([
    ['Subscription', 'ask', 'subscription app/ask does not exist any more'],
    ['Channel', 'pipe', 'channel app/pipe does not exist any more'],
  ] as const)('removing a %s ends what waits for it as failed', async (kind, name, reason) => {
    const delivery = { retry: 5, backoffPolicy: 'exponential', backoffDelayMs: 60_000 } as const
    const { eventing, settle } = await bench(
      { channels: [channel('pipe')], subscriptions: [subscription('ask', { delivery })] },
      { ask: () => answer(503) },
    )
    await eventing.publish(PIPE, event())
    await settle()
    expect(eventing.event('e1')?.state).toBe('retrying')
    expect(eventing.remove(kind, 'app', name)).toBe(true)
    await eventing.idle()
    expect(eventing.event('e1')).toMatchObject({
      state: 'failed',
      deliveries: [{ failure: { message: reason } }],
    })
    expect(eventing.remove(kind, 'app', name)).toBe(false)
  })

  it('removing a broker ends its events, and leaves those of others alone', async () => {
    const delivery = { retry: 5, backoffPolicy: 'exponential', backoffDelayMs: 60_000 } as const
    const { eventing, settle, clock } = await bench(
      {
        brokers: [broker({ delivery }), broker({ name: 'second', delivery })],
        triggers: [trigger('one'), trigger('two', { broker: 'second' })],
      },
      { one: () => answer(503), two: () => answer(503) },
    )
    await eventing.publish(DEFAULT_BROKER, event())
    await eventing.publish({ namespace: 'app', name: 'second' }, event({ id: 'e2' }))
    await settle()
    eventing.remove('Broker', 'app', 'default')
    await settle()
    expect(eventing.event('e1')).toMatchObject({
      state: 'failed',
      deliveries: [{ failure: { message: 'broker app/default does not exist any more' } }],
    })
    expect(eventing.event('e2')?.state).toBe('retrying')
    await clock.advance(1)
  })

  it('lets a delivery that is running when its trigger goes end by itself', async () => {
    const held = Promise.withResolvers<void>()
    const { eventing } = await bench(
      { triggers: [trigger('slow')] },
      { slow: () => held.promise.then(() => answer(200)) },
    )
    await eventing.publish(DEFAULT_BROKER, event())
    eventing.remove('Trigger', 'app', 'slow')
    held.resolve()
    await eventing.idle()
    expect(eventing.event('e1')?.state).toBe('delivered')
  })
})
