import { describe, expect, it } from 'vitest'
import { answer, bench, DEFAULT_BROKER, DLQ, errors, event, trigger, until } from './fixture.ts'

describe('a restart', () => {
  it('continues the back-off where it stood', async () => {
    const delivery = { retry: 5, backoffPolicy: 'linear', backoffDelayMs: 60_000 } as const
    let healthy = false
    const test = await bench(
      { triggers: [trigger('late', { delivery })] },
      { late: () => answer(healthy ? 200 : 503) },
    )
    await test.eventing.publish(DEFAULT_BROKER, event({}, 'kept'))
    await until(
      () => test.requests.length === 2 && test.eventing.status().triggers[0]?.running === 0,
    )
    await test.clock.advance(40_000)
    await test.restart()
    healthy = true
    await test.clock.advance(19_000)
    await test.settle()
    expect(test.requests).toHaveLength(2)
    await test.clock.advance(1500)
    await test.eventing.idle()
    expect(Buffer.from(test.requests[2]?.body ?? []).toString()).toBe('kept')
    expect(test.eventing.event('e1')).toMatchObject({
      state: 'delivered',
      deliveries: [{ tries: 3 }],
    })
  })

  it('takes up what was running when it stopped, dead letters included', async () => {
    let stuck = true
    const hold = (status: number) => () => (stuck ? new Promise<never>(() => {}) : answer(status))
    const test = await bench(
      {
        triggers: [
          trigger('one', { filter: { type: 'a' } }),
          trigger('two', { filter: { type: 'b' }, delivery: DLQ }),
        ],
      },
      { one: hold(200), two: () => answer(400), dlq: hold(200) },
    )
    await test.eventing.publish(DEFAULT_BROKER, event({ id: 'a', type: 'a' }))
    await test.eventing.publish(DEFAULT_BROKER, event({ id: 'b', type: 'b' }))
    await until(() => test.requests.some(({ url }) => url === 'http://dlq.test/'))
    stuck = false
    await test.restart()
    await test.eventing.idle()
    expect(test.eventing.event('a')).toMatchObject({
      state: 'delivered',
      deliveries: [{ tries: 1 }],
    })
    expect(test.eventing.event('b')).toMatchObject({ state: 'deadLettered' })
    expect(test.requests.filter(({ url }) => url === 'http://two.test/')).toHaveLength(1)
    expect(test.requests.at(-1)?.headers['ce-knativeerrorcode']).toBe('400')
  })

  it('ends deliveries of a trigger that was removed as failed', async () => {
    const test = await bench(
      {
        triggers: [
          trigger('gone', {
            delivery: { retry: 1, backoffPolicy: 'exponential', backoffDelayMs: 1000 },
          }),
        ],
      },
      { gone: () => answer(503) },
    )
    await test.eventing.publish(DEFAULT_BROKER, event())
    await test.settle()
    await test.restart({ triggers: [] })
    await test.clock.advance(2000)
    await test.eventing.idle()
    expect(test.eventing.event('e1')?.state).toBe('failed')
    expect(errors(test)).toEqual(['test.happened failed: trigger app/gone does not exist any more'])
  })

  it('gives new positions after the old ones and keeps the history', async () => {
    const test = await bench()
    const first = await test.eventing.publish(DEFAULT_BROKER, event())
    await test.restart()
    const second = await test.eventing.publish(DEFAULT_BROKER, event({ id: 'e2' }))
    expect(second.seq).toBeGreaterThan(first.seq)
    expect(test.eventing.events({ limit: 9 })).toHaveLength(2)
  })
})
