import { describe, expect, it } from 'vitest'
import { EventError, MAX_EVENT_BYTES } from '../../../../scripts/emulator/eventing/event.ts'
import { createEventing } from '../../../../scripts/emulator/eventing/eventing.ts'
import type { Fact } from '../../../../scripts/emulator/eventing/records.ts'
import {
  answer,
  bare,
  bench,
  broker,
  DEFAULT_BROKER,
  DLQ,
  event,
  temporaryDirectory,
  trigger,
} from './fixture.ts'

describe('publishing', () => {
  it.each([
    [{ namespace: 'app', name: 'nope' }, event(), 'broker app/nope does not exist', 404],
    [DEFAULT_BROKER, event({ id: '' }), '"id" must be a non-empty string, got nothing', 400],
    [
      DEFAULT_BROKER,
      event({ knativebrokerttl: 1 }),
      '"knativebrokerttl" must be greater than 1, got 1: the event has passed brokers too often (a loop?)',
      400,
    ],
    [
      DEFAULT_BROKER,
      event({}, 'x'.repeat(MAX_EVENT_BYTES + 1)),
      'an event must be at most 1048576 bytes, got 1048577',
      413,
    ],
  ])('to %j can be refused: %#', async (target, given, message, status) => {
    const { eventing } = await bench()
    const thrown = await eventing.publish(target, given).catch((error: unknown) => error)
    expect(thrown).toBeInstanceOf(EventError)
    expect(thrown).toMatchObject({ message, status })
  })

  it('lists events newest first, by page, state, type, id and correlation', async () => {
    const { eventing } = await bench({ triggers: [trigger('one', { filter: { type: 'even' } })] })
    for (let n = 0; n < 10; n += 1) {
      await eventing.publish(
        DEFAULT_BROKER,
        event({ id: `n${n}`, type: n % 2 ? 'odd' : 'even', correlationid: `c${n % 3}` }),
      )
    }
    await eventing.idle()
    const ids = (query: Parameters<typeof eventing.events>[0]): unknown[] =>
      eventing.events(query).map(({ attributes }) => attributes.id)
    expect(ids({ limit: 3 })).toEqual(['n9', 'n8', 'n7'])
    expect(ids({ limit: 2, before: eventing.event('n7')?.seq })).toEqual(['n6', 'n5'])
    expect(ids({ limit: 9, state: 'filtered' })).toEqual(['n9', 'n7', 'n5', 'n3', 'n1'])
    expect(ids({ limit: 2, type: 'even' })).toEqual(['n8', 'n6'])
    expect(ids({ limit: 9, correlation: 'c0' })).toEqual(['n9', 'n6', 'n3', 'n0'])
    expect(ids({ limit: 9, id: 'n4' })).toEqual(['n4'])
  })

  it('tells its listeners each step', async () => {
    const { eventing, lines } = await bench(
      { triggers: [trigger('bad', { delivery: { retry: 1, ...DLQ } })] },
      { bad: () => answer(500) },
    )
    const facts: Fact[] = []
    const stop = eventing.subscribe(fact => facts.push(fact))
    eventing.subscribe(() => {
      throw new Error('listener')
    })
    await eventing.publish(DEFAULT_BROKER, event())
    await eventing.idle()
    const seen = facts.map(({ kind }) => kind)
    expect(seen).toEqual([
      'accepted',
      'delivering',
      'retrying',
      'delivering',
      'delivering',
      'deadLettered',
    ])
    stop()
    await eventing.publish(DEFAULT_BROKER, event({ id: 'e2' }))
    await eventing.idle()
    expect(facts).toHaveLength(seen.length)
    expect(
      lines.some(({ message }) => message === 'a listener failed on accepted: Error: listener'),
    ).toBe(true)
  })
})

describe('a trigger', () => {
  it.each([
    [
      trigger('late', { delivery: { retry: 1, retryAfterMaxMs: 1000 } }),
      'eventing/test.yaml:1: trigger app/late: must not set the field(s): spec.delivery.retryAfterMax (feature delivery-retryafter is off)',
    ],
    [
      trigger('sql', { filters: [{ any: [{ cesql: 'type LIKE' }] }] }),
      'eventing/test.yaml:1: trigger app/sql: "cesql" must be a CESQL expression, got "type LIKE": unexpected end at character 10',
    ],
    [
      trigger('odd', { subscriber: { uri: '/x' } }),
      'eventing/test.yaml:1: trigger app/odd: "subscriber.uri" must be an absolute http URL, got "/x"',
    ],
  ])('refuses a trigger that cannot work: %#', async (resource, message) => {
    const { eventing } = await bench()
    expect(() => eventing.apply(resource)).toThrow(new TypeError(message))
    await expect(
      createEventing({ ...bare(temporaryDirectory()), triggers: [resource] }),
    ).rejects.toThrow(message)
  })

  it('delivers what a CESQL filter lets through, and says why the rest was not', async () => {
    const { eventing, requests } = await bench({
      triggers: [trigger('sql', { filters: [{ cesql: 'priority > 3' }] })],
    })
    await eventing.publish(DEFAULT_BROKER, event({ id: 'high', priority: '4' }))
    await eventing.publish(DEFAULT_BROKER, event({ id: 'low', priority: '2' }))
    await eventing.publish(DEFAULT_BROKER, event({ id: 'none' }))
    await eventing.idle()
    expect(requests).toHaveLength(1)
    expect(eventing.events({ state: 'filtered', limit: 10 }).map(({ reason }) => reason)).toEqual([
      'no trigger matched; the nearest is app/sql, which wanted cesql = priority > 3, got a missingAttribute error: the event has no priority',
      'no trigger matched; the nearest is app/sql, which wanted cesql = priority > 3, got false',
    ])
  })

  it('applies changes to the next event, in whatever order broker and trigger come', async () => {
    const { eventing, requests } = await bench({ brokers: [], triggers: [trigger('one')] })
    expect(eventing.status().triggers).toMatchObject([
      { ready: false, reason: 'BrokerDoesNotExist: Broker "default" does not exist' },
    ])
    eventing.apply(broker({ delivery: { retry: 3 } }))
    expect(eventing.status().triggers).toMatchObject([{ ready: true, retry: 3 }])
    eventing.apply(trigger('one', { subscriber: { uri: 'http://other.test/' } }))
    await eventing.publish(DEFAULT_BROKER, event())
    await eventing.idle()
    expect(requests.map(({ url }) => url)).toEqual(['http://other.test/'])
  })
})
