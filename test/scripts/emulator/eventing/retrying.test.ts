import { describe, expect, it } from 'vitest'
import { answer, bench, DEFAULT_BROKER, errors, event, trigger, until } from './fixture.ts'

describe('a retry', () => {
  it('gives up on an attempt after its timeout', async () => {
    let calls = 0
    const { eventing } = await bench(
      { triggers: [trigger('slow', { delivery: { retry: 1, timeoutMs: 30 } })] },
      {
        slow: () => {
          calls += 1
          return calls === 1 ? new Promise(() => {}) : answer(200)
        },
      },
    )
    await eventing.publish(DEFAULT_BROKER, event())
    await eventing.idle()
    const attempts = eventing.event('e1')?.deliveries[0]?.attempts
    expect(attempts).toMatchObject([{ error: 'no answer within 30 ms' }, { status: 200 }])
    expect(attempts?.[0]).not.toHaveProperty('status')
  })

  it('follows a success with a body that is not a CloudEvent, and names that cause as an error', async () => {
    let calls = 0
    const test = await bench(
      { triggers: [trigger('chatty', { delivery: { retry: 1 } })] },
      {
        chatty: () => {
          calls += 1
          return calls === 1 ? answer(200, 'OK') : answer(204)
        },
      },
    )
    await test.eventing.publish(DEFAULT_BROKER, event())
    await test.eventing.idle()
    expect(test.eventing.event('e1')?.deliveries[0]?.attempts).toMatchObject([
      { status: 502, error: 'answered 200 with a body that is not a CloudEvent' },
      { status: 204 },
    ])
    expect(errors(test)).toEqual([
      'test.happened try 1/2 answered 200 with a body that is not a CloudEvent, next in 0s',
    ])
  })

  it('of one trigger delays no other trigger', async () => {
    let release: () => void = () => {}
    const held = new Promise<void>(resolve => {
      release = resolve
    })
    const { eventing, requests, settle } = await bench(
      { triggers: [trigger('slow'), trigger('fast')] },
      { slow: () => held.then(() => answer(200)) },
    )
    for (let n = 0; n < 100; n += 1) await eventing.publish(DEFAULT_BROKER, event({ id: `e${n}` }))
    const count = (name: string): number =>
      requests.filter(({ url }) => url === `http://${name}.test/`).length
    await until(() => count('fast') === 100)
    expect(count('slow')).toBe(64)
    expect(eventing.status().triggers).toMatchObject([
      { name: 'slow', running: 64, pending: 100 },
      { name: 'fast', pending: 0 },
    ])
    release()
    await settle()
    await eventing.idle()
    expect(count('slow')).toBe(100)
  })
})
