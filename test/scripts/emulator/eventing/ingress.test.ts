import { connect } from 'node:net'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createIngress } from '../../../../scripts/emulator/eventing/ingress.ts'
import {
  type Bench,
  type BenchOptions,
  bench,
  broker,
  createTestLog,
  event,
  trigger,
  until,
} from './fixture.ts'
import { BINARY, type Posting, posting } from './posting.ts'

async function served(options: BenchOptions = {}): Promise<Bench & Posting> {
  const base = await bench(options)
  return Object.assign(base, await posting(base))
}

describe('the ingress', () => {
  it('answers an OPTIONS probe on any path', async () => {
    const { call } = await served()
    for (const path of ['/', '/app/default', '/a/b/c']) {
      expect(await call('OPTIONS', path)).toMatchObject({
        status: 200,
        headers: {
          allow: 'POST, OPTIONS',
          'webhook-allowed-origin': '*',
          'webhook-allowed-rate': '*',
        },
      })
    }
  })

  it.each([
    ['GET', '/app/default', {}, '', 405, 'method must be POST, got GET'],
    ['PUT', '/', {}, '', 405, 'method must be POST, got PUT'],
    ['POST', '/', BINARY, '', 404, 'path must be /<namespace>/<broker>, got /'],
    ['POST', '/app', BINARY, '', 400, 'path must be /<namespace>/<broker>, got /app'],
    [
      'POST',
      '/app/default/more',
      BINARY,
      '',
      400,
      'path must be /<namespace>/<broker>, got /app/default/more',
    ],
    [
      'POST',
      '/app/default',
      {},
      '{}',
      400,
      'a request must have "ce-specversion" or content type application/cloudevents+json, got neither',
    ],
    [
      'POST',
      '/app/nope',
      { ...BINARY, 'ce-id': '' },
      '',
      400,
      '"id" must be a non-empty string, got nothing',
    ],
    ['POST', '/app/nope', BINARY, '', 404, 'broker app/nope does not exist'],
    ['POST', '/app/default?x=1', BINARY, '', 404, 'broker app/default?x=1 does not exist'],
    [
      'POST',
      '/app/default',
      { 'content-type': 'application/cloudevents+json' },
      '{',
      400,
      'a structured event must be a JSON document in UTF-8, got something else',
    ],
    [
      'POST',
      '/app/default',
      { 'content-type': 'application/cloudevents-batch+json' },
      '[]',
      400,
      'a batch of events is not accepted, send one event per request',
    ],
    [
      'POST',
      '/app/default',
      { ...BINARY, 'ce-knativebrokerttl': '1' },
      '',
      400,
      '"knativebrokerttl" must be greater than 1, got 1: the event has passed brokers too often (a loop?)',
    ],
    [
      'POST',
      '/app/default',
      { ...BINARY, 'ce-knativebrokerttl': '0' },
      '',
      400,
      '"knativebrokerttl" must be greater than 1, got 0: the event has passed brokers too often (a loop?)',
    ],
  ] as const)(
    'answers %s %s %j %s with %i',
    async (method, path, headers, body, status, message) => {
      const { call } = await served()
      expect(await call(method, path, headers, body)).toMatchObject({
        status,
        body: message,
        headers: { allow: 'POST, OPTIONS' },
      })
    },
  )

  it('answers 202 without a body once the event is stored, in both modes and with a trailing slash', async () => {
    const { call, eventing } = await served()
    expect(await call('POST', '/app/default', BINARY, 'data')).toMatchObject({
      status: 202,
      body: '',
    })
    const structured = JSON.stringify({
      specversion: '1.0',
      id: '2',
      source: '/s',
      type: 't',
      data: { a: 1 },
    })
    const type = { 'content-type': 'application/cloudevents+json; charset=UTF-8' }
    expect((await call('POST', '/app/default/', type, structured)).status).toBe(202)
    expect(Buffer.from(eventing.event('1')?.data ?? []).toString()).toBe('data')
    expect(Buffer.from(eventing.event('2')?.data ?? []).toString()).toBe('{"a":1}')
    expect(eventing.event('1')?.attributes).toMatchObject({
      knativebrokerttl: 255,
      knativearrivaltime: '2026-01-01T00:00:00.000Z',
    })
  })

  it('takes 1 MiB and refuses more with 413, whether the length is declared or not', async () => {
    const { call, eventing } = await served()
    const megabyte = Buffer.alloc(1_048_576, 1)
    expect((await call('POST', '/app/default', BINARY, megabyte)).status).toBe(202)
    expect(eventing.event('1')?.size).toBe(1_048_576)
    const more = Buffer.alloc(1_048_577, 1)
    const message = /^an event must be at most 1048576 bytes, got 1048577 or more$/
    for (const headers of [
      { ...BINARY, 'content-length': '1048577' },
      { ...BINARY, 'transfer-encoding': 'chunked' },
    ]) {
      const refused = await call('POST', '/app/default', headers, more)
      expect(refused.status).toBe(413)
      expect(refused.body).toMatch(message)
    }
    expect(eventing.events({ limit: 9, state: 'refused' })).toHaveLength(2)
  })

  it('keeps what it refused, with the reason and what the request said of itself', async () => {
    const { call, eventing } = await served()
    await call('POST', '/app/default', { ...BINARY, 'ce-time': 'never' })
    expect(eventing.events({ limit: 9, state: 'refused' })).toMatchObject([
      {
        broker: 'app/default',
        reason: '"time" must be an RFC 3339 timestamp, got "never"',
        attributes: { id: '1', type: 't' },
      },
    ])
    expect(eventing.event('1')?.state).toBe('refused')
  })

  it('passes on request id, trace and knative headers, and nothing else of the producer', async () => {
    const { call, eventing, requests } = await served({ triggers: [trigger('one')] })
    await call('POST', '/app/default', {
      ...BINARY,
      authorization: 'Bearer secret',
      cookie: 'a=b',
      'x-custom': '1',
      'x-request-id': 'r1',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      tracestate: 'a=b',
      'Knative-Thing': 'k',
      'X-B3-TraceId': 'b3',
    })
    await eventing.idle()
    const { headers } = requests[0] ?? { headers: {} }
    expect(headers).toMatchObject({
      'x-request-id': 'r1',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      tracestate: 'a=b',
      'knative-thing': 'k',
      'x-b3-traceid': 'b3',
    })
    for (const name of ['authorization', 'cookie', 'x-custom', 'host'])
      expect(headers).not.toHaveProperty(name)
  })

  it.each([
    'broker-ingress.knative-eventing.svc.cluster.local',
    'broker-ingress.knative-eventing.svc',
    'broker-ingress.knative-eventing',
    'BROKER.localhost',
    'broker.localhost:9',
  ])('answers on host %s', async host => {
    const { call } = await served()
    expect((await call('POST', '/app/default', { ...BINARY, host })).status).toBe(202)
  })

  it('leaves every other host alone', async () => {
    const { call } = await served()
    expect(
      (await call('POST', '/app/default', { ...BINARY, host: 'orders.app.localhost' })).status,
    ).toBe(418)
  })

  it('takes the absolute form that a forward proxy gets', async () => {
    const { call } = await served()
    const host = 'broker-ingress.knative-eventing.svc.cluster.local'
    expect((await call('POST', `http://${host}/app/default`, { ...BINARY, host })).status).toBe(202)
  })

  it('survives a client that leaves in the middle of its body', async () => {
    const { call, port, eventing } = await served()
    const socket = connect(port, '127.0.0.1')
    const head = Object.entries({
      host: 'broker.localhost',
      ...BINARY,
      'content-length': '100',
    }).map(([name, value]) => `${name}: ${value}`)
    await new Promise<void>(resolve =>
      socket.write(`POST /app/default HTTP/1.1\r\n${head.join('\r\n')}\r\n\r\nhalf`, () =>
        resolve(),
      ),
    )
    socket.destroy()
    expect((await call('POST', '/app/default', { ...BINARY, 'ce-id': '2' })).status).toBe(202)
    expect(eventing.events({ limit: 9 })).toHaveLength(1)
  })

  it('answers 503 when the broker has stopped', async () => {
    const { call, eventing } = await served()
    await eventing.close()
    expect(await call('POST', '/app/default', BINARY)).toMatchObject({
      status: 503,
      body: 'the broker is stopping',
    })
  })

  it('answers 500 without the cause when the event cannot be stored, and logs it', async () => {
    const { log, lines } = createTestLog()
    const enter = (): Promise<never> => Promise.reject(new Error('disk full'))
    const entrance = { enter, isDurable: () => true }
    const rest = {
      domain: 'localhost',
      exists: () => true,
      ready: () => true,
      full: () => false,
      onRefused: () => {},
    }
    const ingress = createIngress({ entrance, log, ...rest })
    const request = {
      method: 'POST',
      target: '/app/default',
      headers: BINARY,
      body: Buffer.from(''),
    }
    expect(await ingress.answer(request)).toMatchObject({
      status: 500,
      body: 'the event could not be stored',
    })
    expect(lines).toEqual([
      { level: 'error', scope: 'broker', message: 'event not stored: Error: disk full' },
    ])
  })

  it('stores parallel posts in common commits, each before its 202', async () => {
    const posted = vi.spyOn((await import('node:worker_threads')).Worker.prototype, 'postMessage')
    onTestFinished(() => posted.mockRestore())
    const { eventing } = await bench({ brokers: [broker()] })
    let stored = 0
    const posts = Array.from({ length: 300 }, async (_, n) => {
      await eventing.publish({ namespace: 'app', name: 'default' }, event({ id: `p${n}` }, 'x'))
      if (eventing.event(`p${n}`)) stored += 1
    })
    await Promise.all(posts)
    expect(stored).toBe(300)
    await until(() => eventing.events({ limit: 1000, state: 'filtered' }).length === 300)
    expect(posted.mock.calls.length).toBeLessThan(30)
  })
})
