import { request, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import {
  type GatewayProcess,
  type Platform,
  startPlatform,
  type Upstream,
  until,
} from './fixture.ts'

let platform: Platform
let gateway: GatewayProcess
let usual: Upstream['handle']

beforeAll(async () => {
  platform = await startPlatform()
  usual = platform.upstream.handle
  gateway = await platform.startGateway({
    API_RATE_LIMIT: '100000',
    CORS_ORIGINS: 'https://app.example.org',
  })
})

afterEach(() => {
  platform.upstream.handle = usual
})

afterAll(() => platform.stop())

const JSON_TYPE = { 'content-type': 'application/json' }
const MEMORIES = '/api/v1/memories'
const STREAM = '/api/v1/inference/chat/stream'

test('headers that only the platform may write never come from a client', async () => {
  const forged = {
    'x-user-id': 'admin',
    'x-internal-token': 'x',
    'x-service-token': 'x',
    'x-service-name': 'auth',
    'x-request-deadline': '1',
    'x-forwarded-for': '6.6.6.6',
    'x-forwarded-host': 'evil.example',
    'x-real-ip': '6.6.6.6',
    forwarded: 'for=6.6.6.6',
    cookie: 'sid=1',
    te: 'trailers',
    'x-listed': 'x',
    'ce-type': 'dev.aiwfe.fake',
    connection: 'keep-alive, x-listed, accept-language',
    'accept-language': 'de',
  }
  await gateway.ask(MEMORIES, { as: 'user', headers: { ...forged, accept: 'application/json' } })
  const seen = platform.upstream.seen.at(-1)
  const headers: Record<string, unknown> = seen?.headers ?? {}
  for (const name of Object.keys(forged)) {
    if (['x-service-name', 'x-request-deadline', 'connection'].includes(name)) continue
    expect(headers[name], name).toBeUndefined()
  }
  expect(headers['x-service-name']).toBe('gateway')
  expect(Number(headers['x-request-deadline'])).toBeGreaterThan(Date.now())
  expect(headers.accept).toBe('application/json')
  expect(headers.via).toBe('1.1 aiwfe')
})

test('a good request id travels through, a bad one is replaced', async () => {
  const good = await gateway.ask(MEMORIES, { as: 'user', headers: { 'x-request-id': 'abcd-1234' } })
  expect(good.headers['x-request-id']).toBe('abcd-1234')
  expect(platform.upstream.seen.at(-1)?.headers['x-request-id']).toBe('abcd-1234')
  const bad = await gateway.ask(MEMORIES, { as: 'user', headers: { 'x-request-id': 'a b"c' } })
  expect(bad.headers['x-request-id']).toMatch(/^[0-9a-f]{32}$/)
})

test('the trace of the client goes on with a new span', async () => {
  const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
  await gateway.ask(MEMORIES, { as: 'user', headers: { traceparent } })
  const sent = String(platform.upstream.seen.at(-1)?.headers.traceparent)
  expect(sent).toMatch(/^00-a{32}-[0-9a-f]{16}-01$/)
  expect(sent).not.toContain('b'.repeat(16))
})

test('what a function answers comes back with the rules for browsers and without its hop headers', async () => {
  platform.upstream.handle = (_, outgoing) => {
    outgoing.writeHead(201, {
      ...JSON_TYPE,
      connection: 'keep-alive, x-secret',
      'x-secret': '1',
      'x-powered-by': 'x',
      'set-cookie': 'a=b',
      'x-cache': 'hit',
      'content-security-policy': 'default-src *',
    })
    outgoing.end('{"memory_id":"1"}')
  }
  const answer = await gateway.ask(MEMORIES, {
    as: 'user',
    method: 'POST',
    headers: JSON_TYPE,
    body: '{}',
  })
  expect([answer.status, answer.text]).toEqual([201, '{"memory_id":"1"}'])
  expect(answer.headers).toMatchObject({
    'x-cache': 'hit',
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'strict-transport-security': 'max-age=31536000; includeSubDomains',
    'cache-control': 'no-store',
    'x-service-name': 'memory',
  })
  expect(answer.headers['x-response-time']).toMatch(/^\d+ms$/)
  for (const name of ['x-secret', 'x-powered-by', 'set-cookie']) {
    expect(answer.headers[name], name).toBeUndefined()
  }
})

test('the error of a function comes through unchanged', async () => {
  const envelope =
    '{"error":{"code":"conflict","message":"no","details":{},"request_id":"r","timestamp":"t"}}'
  platform.upstream.handle = (_, outgoing) =>
    void outgoing.writeHead(409, { ...JSON_TYPE, 'retry-after': '7' }).end(envelope)
  const answer = await gateway.ask(MEMORIES, { as: 'user' })
  expect([answer.status, answer.text, answer.headers['retry-after']]).toEqual([409, envelope, '7'])
})

test.each([
  [404, 503, 'dependency_unavailable'],
  [418, 502, 'upstream_error'],
  [502, 502, 'upstream_error'],
  [503, 503, 'dependency_unavailable'],
  [504, 504, 'upstream_timeout'],
])('the error page %i of something between is told as %i %s', async (status, told, code) => {
  platform.upstream.handle = (_, outgoing) =>
    void outgoing.writeHead(status, { 'content-type': 'text/plain' }).end('stack at 10.0.0.7')
  const answer = await gateway.ask('/api/v1/chat/conversations', { as: 'user' })
  expect([answer.status, answer.json().error?.code]).toEqual([told, code])
  expect(answer.text).not.toContain('10.0.0.7')
  platform.upstream.handle = usual
  await gateway.ask('/api/v1/chat/conversations', { as: 'user' })
})

test('events of a stream arrive one by one, as they are sent', async () => {
  let stream: ServerResponse | undefined
  platform.upstream.handle = (_, outgoing) => {
    outgoing.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    stream = outgoing
  }
  const authorization = `Bearer ${await platform.token('user')}`
  const heard: string[] = []
  let ended = false
  const asking = request(
    {
      port: gateway.port,
      host: '127.0.0.1',
      path: STREAM,
      method: 'POST',
      headers: { ...JSON_TYPE, authorization },
    },
    incoming => {
      incoming.on('data', chunk => heard.push(String(chunk)))
      incoming.on('end', () => {
        ended = true
      })
    },
  )
  asking.end('{}')
  await until(() => stream !== undefined)
  for (const word of ['one', 'two', 'three']) {
    stream?.write(`data: ${word}\n\n`)
    // The next event is only sent when this one has come through.
    await until(() => heard.join('').includes(word))
  }
  stream?.end()
  await until(() => ended)
  expect(heard.join('')).toBe('data: one\n\ndata: two\n\ndata: three\n\n')
})

test('a client that leaves ends the call behind the gateway', async () => {
  let closed = false
  let reached = false
  platform.upstream.handle = (_, outgoing) => {
    reached = true
    outgoing.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    outgoing.on('close', () => {
      closed = true
    })
  }
  const authorization = `Bearer ${await platform.token('user')}`
  const asking = request(
    {
      port: gateway.port,
      host: '127.0.0.1',
      path: STREAM,
      method: 'POST',
      headers: { ...JSON_TYPE, authorization },
    },
    incoming => incoming.on('error', () => {}),
  )
  asking.on('error', () => {})
  asking.end('{}')
  await until(() => reached)
  asking.destroy()
  await until(() => closed)
})

test('a client that leaves before the answer ends the call too, and is no failure of the function', async () => {
  for (let i = 0; i < 6; i += 1) {
    let closed = false
    let reached = false
    platform.upstream.handle = (_, outgoing) => {
      reached = true
      outgoing.on('close', () => {
        closed = true
      })
    }
    const authorization = `Bearer ${await platform.token('user')}`
    const asking = request({
      port: gateway.port,
      host: '127.0.0.1',
      path: MEMORIES,
      headers: { authorization },
    })
    asking.on('error', () => {})
    asking.end()
    await until(() => reached)
    asking.destroy()
    await until(() => closed)
  }
  platform.upstream.handle = usual
  expect((await gateway.ask(MEMORIES, { as: 'user' })).status).toBe(200)
})

test('an answer that is cut is cut for the client, never ended as if it were whole', async () => {
  platform.upstream.handle = (_, outgoing) => {
    outgoing.writeHead(200, { ...JSON_TYPE, 'content-length': '1000' }).write('{"half":')
    setTimeout(() => outgoing.destroy(), 20)
  }
  await expect(gateway.ask(MEMORIES, { as: 'user' })).rejects.toThrow()
})

test('a body that says it is too large is refused before it is read', async () => {
  const before = platform.upstream.seen.length
  const answer = await gateway.ask(MEMORIES, {
    as: 'user',
    method: 'POST',
    headers: JSON_TYPE,
    body: new Uint8Array(1024 * 1024 + 1),
  })
  expect([answer.status, answer.json().error?.code]).toEqual([413, 'payload_too_large'])
  expect(answer.json().error?.details.max_bytes).toBe(1024 * 1024)
  expect(platform.upstream.seen).toHaveLength(before)
})

test('a body of unknown length is cut off at the limit', async () => {
  const before = platform.upstream.seen.length
  const authorization = `Bearer ${await platform.token('user')}`
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const asking = request(
      {
        port: gateway.port,
        host: '127.0.0.1',
        path: MEMORIES,
        method: 'POST',
        headers: { ...JSON_TYPE, authorization },
      },
      incoming => {
        incoming.resume()
        resolve(incoming.statusCode)
      },
    )
    asking.on('error', reject)
    for (let i = 0; i < 20; i += 1) asking.write(Buffer.alloc(64 * 1024))
    asking.end()
  })
  expect(status).toBe(413)
  expect(platform.upstream.seen).toHaveLength(before)
})

test('a body of unknown length within the limit arrives whole', async () => {
  const authorization = `Bearer ${await platform.token('user')}`
  const part = 'x'.repeat(10_000)
  await new Promise<void>((resolve, reject) => {
    const asking = request(
      {
        port: gateway.port,
        host: '127.0.0.1',
        path: MEMORIES,
        method: 'POST',
        headers: { ...JSON_TYPE, authorization },
      },
      incoming => {
        incoming.resume()
        incoming.on('end', resolve)
      },
    )
    asking.on('error', reject)
    for (let i = 0; i < 5; i += 1) asking.write(part)
    asking.end()
  })
  expect(platform.upstream.seen.at(-1)?.body).toBe(part.repeat(5))
})

test('a length and chunks together are refused (RFC 9112 6.1)', async () => {
  const before = platform.upstream.seen.length
  const text = await new Promise<string>((resolve, reject) => {
    const socket = connect(gateway.port, '127.0.0.1', () => {
      socket.write(
        `POST ${MEMORIES} HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      )
    })
    let heard = ''
    socket.on('data', chunk => {
      heard += chunk
    })
    socket.on('end', () => resolve(heard))
    socket.on('error', reject)
  })
  expect(text).toMatch(/^HTTP\/1.1 400 /)
  expect(platform.upstream.seen).toHaveLength(before)
})

test('a login carries the facts that the gateway has seen, not those that the client wrote', async () => {
  const body = { email: 'a@b.c', password: 'secret', ip_prefix: '6.6.6.6', user_agent: 'forged' }
  const answer = await gateway.ask('/api/v1/auth/jwt/login', {
    method: 'POST',
    headers: { ...JSON_TYPE, 'user-agent': 'curl/8', 'x-forwarded-for': '198.51.100.4' },
    body: JSON.stringify(body),
  })
  expect(answer.status).toBe(200)
  const seen = platform.upstream.seen.at(-1)
  expect(JSON.parse(seen?.body ?? '')).toEqual({
    email: 'a@b.c',
    password: 'secret',
    ip_prefix: '198.51.100.4',
    user_agent: 'curl/8',
  })
})

test.each([
  ['{"email":', JSON_TYPE, 400, 'invalid_request'],
  ['[]', JSON_TYPE, 400, 'invalid_request'],
  ['a=b', { 'content-type': 'text/plain' }, 415, 'unsupported_media_type'],
])('a login of %s is refused at the door', async (body, headers, status, code) => {
  const answer = await gateway.ask('/api/v1/auth/jwt/login', { method: 'POST', headers, body })
  expect([answer.status, answer.json().error?.code]).toEqual([status, code])
})

test('a listed origin may call, others are told nothing', async () => {
  const preflight = (origin: string) =>
    gateway.ask(MEMORIES, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST' },
    })
  const good = await preflight('https://app.example.org')
  expect(good.status).toBe(204)
  expect(good.headers).toMatchObject({
    'access-control-allow-origin': 'https://app.example.org',
    'access-control-allow-methods': 'POST, GET',
    vary: 'Origin',
  })
  expect(good.headers['access-control-allow-credentials']).toBeUndefined()
  for (const origin of [
    'null',
    'http://app.example.org',
    'https://app.example.org.evil.example',
    'https://evil.app.example.org',
    'https://app.example.org:8443',
  ]) {
    const bad = await preflight(origin)
    expect(bad.headers['access-control-allow-origin'], origin).toBeUndefined()
    const answer = await gateway.ask(MEMORIES, { as: 'user', headers: { origin } })
    expect(answer.headers['access-control-allow-origin'], origin).toBeUndefined()
    expect(answer.headers.vary).toBe('Origin')
  }
  const answer = await gateway.ask(MEMORIES, {
    as: 'user',
    headers: { origin: 'https://app.example.org' },
  })
  expect(answer.headers['access-control-allow-origin']).toBe('https://app.example.org')
  const unknown = await gateway.ask('/api/v1/unknown', {
    method: 'OPTIONS',
    headers: { origin: 'https://app.example.org' },
  })
  expect(unknown.status).toBe(404)
})

test('the entry has a page for browsers, links for machines and the description of the whole API', async () => {
  const page = await gateway.ask('/', { headers: { accept: 'text/html' } })
  expect(page.headers['content-type']).toMatch(/^text\/html/)
  expect(page.text).not.toMatch(/src=|https?:/)
  expect((await gateway.ask('/')).json().name).toBe('aiwfe')
  expect((await gateway.ask('/api/health')).json().status).toBe('healthy')
  const document = (await gateway.ask('/openapi.json')).json() as { paths?: object }
  expect(Object.keys(document.paths ?? {})).toContain(
    '/api/v1/chat/conversations/{conversation_id}/stream',
  )
})

test('after five failures a function is left alone, the others are not', async () => {
  platform.upstream.handle = (incoming, outgoing, body) => {
    if (!incoming.url?.includes('reasoning')) return usual(incoming, outgoing, body)
    outgoing
      .writeHead(500, JSON_TYPE)
      .end('{"error":{"code":"internal","message":"x","details":{}}}')
  }
  const decide = () =>
    gateway.ask('/api/v1/decide', { as: 'user', method: 'POST', headers: JSON_TYPE, body: '{}' })
  for (let i = 0; i < 5; i += 1) expect((await decide()).status).toBe(500)
  const before = platform.upstream.seen.length
  const refused = await decide()
  expect([refused.status, refused.json().error?.code]).toEqual([503, 'circuit_open'])
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
  expect(platform.upstream.seen).toHaveLength(before)
  expect((await gateway.ask(MEMORIES, { as: 'user' })).status).toBe(200)
  const metrics = await gateway.ask('/metrics')
  expect(metrics.text).toContain(
    'service_dependency_status{service="gateway",dependency="reasoning"} 0',
  )
})
