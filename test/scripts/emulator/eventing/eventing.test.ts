import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createClock } from '../../../../scripts/emulator/clock.ts'
import { EventError, MAX_EVENT_BYTES } from '../../../../scripts/emulator/eventing/event.ts'
import { createEventing } from '../../../../scripts/emulator/eventing/eventing.ts'
import type { Fact } from '../../../../scripts/emulator/eventing/records.ts'
import {
  answer,
  type Bench,
  bench,
  broker,
  createTestLog,
  DEFAULT_BROKER,
  event,
  replyEvent,
  temporaryDirectory,
  trigger,
  until,
} from './fixture.ts'

const DLQ = { deadLetterSink: { uri: 'http://dlq.test/' } }
const errors = ({ lines }: Bench): string[] =>
  lines.filter(({ level }) => level === 'error').map(({ message }) => message)

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
    const { eventing, requests, ...rest } = await bench(
      { triggers: [trigger('bad', { delivery: { retry: 1, ...DLQ } })] },
      { bad: () => answer(500), dlq: () => answer(500) },
    )
    await eventing.publish(DEFAULT_BROKER, event())
    await eventing.idle()
    expect(requests).toHaveLength(4)
    expect(eventing.event('e1')?.state).toBe('failed')
    expect(errors({ eventing, requests, ...rest })).toEqual([
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

describe('starting', () => {
  const options = (directory: string): Parameters<typeof createEventing>[0] => ({
    brokers: [broker()],
    triggers: [],
    clock: createClock({ scale: 0 }),
    log: createTestLog().log,
    directory,
    domain: 'localhost',
    send: async () => answer(202),
  })

  it('refuses a folder that another emulator uses, and takes it once that has stopped', async () => {
    const directory = temporaryDirectory()
    const first = await createEventing(options(directory))
    await expect(createEventing(options(directory))).rejects.toThrow(
      `the state in ${join(directory, 'events.lock')} is in use by another emulator: stop it, or choose another folder with --state-dir`,
    )
    await first.close()
    await first.close()
    await (await createEventing(options(directory))).close()
  })

  it.each(['not a database at all', 'a database with a damaged page'])(
    'refuses %s and leaves it as it is',
    async kind => {
      const directory = temporaryDirectory()
      const file = join(directory, 'events.db')
      if (kind === 'not a database at all') writeFileSync(file, 'garbage '.repeat(1000))
      else {
        const eventing = await createEventing(options(directory))
        for (let n = 0; n < 50; n += 1)
          await eventing.publish(DEFAULT_BROKER, event({ id: `${n}` }, 'x'.repeat(2000)))
        await eventing.close()
        const handle = openSync(file, 'r+')
        writeSync(handle, Buffer.alloc(6000, 0xa5), 0, 6000, 5000)
        closeSync(handle)
      }
      await expect(createEventing(options(directory))).rejects.toThrow(
        /^the broker's events in .*events\.db cannot be read \(.*\): nothing was deleted; restore the file, or start fresh with --fresh$/,
      )
    },
  )

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
      createEventing({ ...options(temporaryDirectory()), triggers: [resource] }),
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
