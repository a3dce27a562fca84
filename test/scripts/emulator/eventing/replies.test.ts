import { describe, expect, it } from 'vitest'
import { answer, bench, DEFAULT_BROKER, DLQ, event, replyEvent, trigger } from './fixture.ts'

describe('a reply', () => {
  it('goes through the broker like any event and keeps its cause', async () => {
    const { eventing, requests } = await bench(
      {
        triggers: [
          trigger('ask', { filter: { type: 'q' } }),
          trigger('hear', { filter: { type: 'a' } }),
        ],
      },
      { ask: () => replyEvent('r1', 'a', 'the answer') },
    )
    await eventing.publish(DEFAULT_BROKER, event({ type: 'q' }))
    await eventing.idle()
    expect(eventing.event('e1')?.deliveries).toMatchObject([
      { reply: { id: 'r1', type: 'a', source: '/reply' } },
    ])
    expect(eventing.event('r1')).toMatchObject({
      state: 'delivered',
      cause: { id: 'e1', trigger: 'app/ask' },
      attributes: { knativebrokerttl: 254 },
    })
    expect(Buffer.from(requests[1]?.body ?? []).toString()).toBe('the answer')
  })

  it('that matches its own trigger stops when the TTL is used up, and is then dead-lettered', async () => {
    let replies = 0
    const { eventing, requests } = await bench(
      { triggers: [trigger('echo', { delivery: { retry: 3, ...DLQ } })] },
      {
        echo: () => {
          replies += 1
          return replyEvent(`r${replies}`, 'again')
        },
      },
    )
    await eventing.publish(DEFAULT_BROKER, event({ knativebrokerttl: 6 }))
    await eventing.idle()
    expect(replies).toBe(5)
    const last = eventing.event('r4')
    expect(last).toMatchObject({ state: 'deadLettered', attributes: { knativebrokerttl: 1 } })
    const letter = requests.at(-1)
    expect(letter?.headers).toMatchObject({
      'ce-knativeerrorcode': '400',
      'ce-knativeerrordest': 'http://broker-ingress.knative-eventing.svc.cluster.local/app/default',
    })
  })

  it('that is a malformed CloudEvent counts as a bad gateway', async () => {
    const test = await bench(
      { triggers: [trigger('odd', { delivery: {} })] },
      { odd: () => answer(200, '', { 'ce-specversion': '1.0', 'ce-id': 'r' }) },
    )
    await test.eventing.publish(DEFAULT_BROKER, event())
    await test.eventing.idle()
    expect(test.eventing.event('e1')?.deliveries[0]?.attempts).toMatchObject([
      {
        status: 502,
        error:
          'answered 200 with a malformed CloudEvent: "source" must be a non-empty string, got nothing',
      },
    ])
  })

  it('of a dead letter sink is ignored', async () => {
    const { eventing } = await bench(
      { triggers: [trigger('bad', { delivery: DLQ })] },
      { bad: () => answer(500), dlq: () => answer(200, 'thanks') },
    )
    await eventing.publish(DEFAULT_BROKER, event())
    await eventing.idle()
    expect(eventing.event('e1')?.state).toBe('deadLettered')
  })
})
