import { expect, test } from 'vitest'
import { createApi } from '../../../../scripts/emulator/api/api.ts'
import type { Serving } from '../../../../scripts/emulator/serving/serving.ts'
import {
  type Bench,
  type BenchOptions,
  bench,
  createTestLog,
  DEFAULT_BROKER,
  event,
  trigger,
} from '../eventing/fixture.ts'
import { serveHandler } from './serve-handler.ts'

interface Api extends Bench {
  ask(method: string, path: string, body?: unknown): Promise<{ status: number; json: unknown }>
}

async function opened(options: BenchOptions = {}): Promise<Api> {
  const base = await bench(options)
  const { clock, eventing } = base
  const serving = {} as unknown as Serving
  const api = createApi({ clock, log: createTestLog().log, serving, eventing })
  const port = await serveHandler(api)
  return Object.assign(base, {
    async ask(method: string, path: string, body?: unknown) {
      const init = body === undefined ? { method } : { method, body: JSON.stringify(body) }
      const response = await fetch(`http://127.0.0.1:${port}/_emulator/${path}`, init)
      return { status: response.status, json: await response.json() }
    },
  })
}

test('pages lead through all events', async () => {
  const { eventing, ask } = await opened()
  for (let n = 0; n < 5; n += 1) await eventing.publish(DEFAULT_BROKER, event({ id: `n${n}` }))
  const seen: unknown[] = []
  let path = 'events?limit=2'
  for (let pages = 0; pages < 5; pages += 1) {
    const { json } = await ask('GET', path)
    const { events, next } = json as { events: { seq: number }[]; next?: number }
    seen.push(...events.map(({ seq }) => seq))
    if (next === undefined) break
    path = `events?limit=2&before=${next}`
  }
  expect(seen).toEqual([5, 4, 3, 2, 1])
})

test('an event is shown with its causes, its children and its data', async () => {
  const { eventing, ask } = await opened({ triggers: [trigger('one')] })
  await eventing.publish(DEFAULT_BROKER, event({ datacontenttype: 'text/plain' }, 'hm'))
  await eventing.resend({ seq: 1 })
  await eventing.resend({ seq: 2 })
  await eventing.idle()
  expect((await ask('GET', 'event?seq=2')).json).toMatchObject({
    seq: 2,
    data_base64: Buffer.from('hm').toString('base64'),
    causes: [{ seq: 1, how: 'resend' }],
    children: [{ seq: 3, how: 'resend', state: 'delivered', broker: 'app/default' }],
  })
  expect((await ask('GET', 'event?seq=3')).json).toMatchObject({ causes: [{ seq: 2 }, { seq: 1 }] })
  expect((await ask('GET', 'event?id=none')).status).toBe(404)
})

test.each([
  [{ id: 'e1', edit: { attributes: { id: 'e2' }, data: { b: 1 } } }, 'e2', '{"b":1}'],
  [{ seq: 1, edit: { attributes: { id: 'e2' }, data: null } }, 'e2', undefined],
  [{ seq: 1, edit: { attributes: { id: 'e2' }, data_base64: 'aG0=' } }, 'e2', 'hm'],
  [
    { seq: 1, edit: { attributes: { id: 'e2', datacontenttype: 'text/plain' }, data: 'hm' } },
    'e2',
    'hm',
  ],
  [{ id: 'e1', source: '/test' }, 'e1', '{"a":1}'],
])('resend takes %j', async (body, id, data) => {
  const { eventing, ask } = await opened()
  await eventing.publish(DEFAULT_BROKER, event({}, '{"a":1}'))
  expect(await ask('POST', 'events/resend', body)).toMatchObject({
    status: 200,
    json: { seq: 2, id },
  })
  const sent = eventing.eventAt(2)?.data
  expect(sent && Buffer.from(sent).toString()).toBe(data)
})

test.each([
  ['POST', 'events/resend', [], 400, 'the body must be a JSON object, got something else'],
  ['POST', 'events/resend', { id: 1 }, 400, /^the body must be \{ "id" or "seq"/],
  ['POST', 'events/resend', {}, 400, /^the body must be/],
  [
    'POST',
    'events/resend',
    { seq: 1, edit: { data_base64: 'no base64!' } },
    400,
    '"edit.data_base64" must be base64, got something else',
  ],
  ['POST', 'events/resend', { seq: 9 }, 404, 'no such event'],
  [
    'POST',
    'events/resend',
    { seq: 1, edit: { attributes: { type: null } } },
    400,
    '"type" must be a non-empty string, got nothing',
  ],
  ['GET', 'events?state=odd', undefined, 400, /^"state" must be one of pending, .*, got "odd"$/],
  ['DELETE', 'events?before=x', undefined, 400, '"before" must be a whole number, got "x"'],
] as const)('%s %s with %j answers %i', async (method, path, body, status, error) => {
  const { eventing, ask } = await opened()
  await eventing.publish(DEFAULT_BROKER, event())
  const result = await ask(method, path, body)
  expect(result).toMatchObject({
    status,
    json: { error: typeof error === 'string' ? error : expect.stringMatching(error) },
  })
})

test('an event that was refused cannot be sent again', async () => {
  const { eventing, ask } = await opened()
  eventing.handler(
    'broker.localhost',
    Object.assign(new (await import('node:stream')).Readable({ read() {} }), {
      method: 'POST',
      url: '/app/default',
      headers: { 'content-length': '99999999', 'ce-id': 'big' },
    }) as never,
    { setHeader() {}, writeHead() {}, end() {} } as never,
  )
  await expect.poll(() => eventing.events({ limit: 1 })).toHaveLength(1)
  expect(await ask('POST', 'events/resend', { id: 'big' })).toEqual({
    status: 400,
    json: { error: 'an event that was refused is not kept: send it anew' },
  })
})

test('purging keeps what is left in order, and the disk in step', async () => {
  const test = await opened()
  for (let n = 0; n < 600; n += 1) {
    void test.eventing.publish(DEFAULT_BROKER, event({ id: `n${n}` }))
  }
  await test.eventing.publish(DEFAULT_BROKER, event({ id: 'last' }))
  await test.eventing.idle()
  expect((await test.ask('DELETE', 'events?before=601')).json).toEqual({ deleted: 600 })
  await test.restart()
  expect(test.eventing.events({ limit: 9 }).map(({ seq }) => seq)).toEqual([601])
  const { seq } = await test.eventing.publish(DEFAULT_BROKER, event({ id: 'next' }))
  expect(seq).toBe(602)
})
