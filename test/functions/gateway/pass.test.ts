/** What passes the gateway unchanged, what it adds, and what it keeps back. */
import { expect, test } from 'vitest'
import { JSON_TYPE, MEMORIES, useGateway } from './use-gateway.ts'

const gateway = useGateway()

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
  const seen = gateway.upstream.seen.at(-1)
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
  expect(gateway.upstream.seen.at(-1)?.headers['x-request-id']).toBe('abcd-1234')
  const bad = await gateway.ask(MEMORIES, { as: 'user', headers: { 'x-request-id': 'a b"c' } })
  expect(bad.headers['x-request-id']).toMatch(/^[0-9a-f]{32}$/)
})

test('the trace of the client goes on with a new span', async () => {
  const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
  await gateway.ask(MEMORIES, { as: 'user', headers: { traceparent } })
  const sent = String(gateway.upstream.seen.at(-1)?.headers.traceparent)
  expect(sent).toMatch(/^00-a{32}-[0-9a-f]{16}-01$/)
  expect(sent).not.toContain('b'.repeat(16))
})

test('what a function answers comes back with the rules for browsers and without its hop headers', async () => {
  gateway.upstream.handle = (_, outgoing) => {
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
  gateway.upstream.handle = (_, outgoing) =>
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
  gateway.upstream.handle = (_, outgoing) =>
    void outgoing.writeHead(status, { 'content-type': 'text/plain' }).end('stack at 10.0.0.7')
  const answer = await gateway.ask('/api/v1/chat/conversations', { as: 'user' })
  expect([answer.status, answer.json().error?.code]).toEqual([told, code])
  expect(answer.text).not.toContain('10.0.0.7')
  gateway.reset()
  await gateway.ask('/api/v1/chat/conversations', { as: 'user' })
})

test('after five failures a function is left alone, the others are not', async () => {
  const usual = gateway.upstream.handle
  gateway.upstream.handle = (incoming, outgoing, body) => {
    if (!incoming.url?.includes('reasoning')) return usual(incoming, outgoing, body)
    outgoing
      .writeHead(500, JSON_TYPE)
      .end('{"error":{"code":"internal","message":"x","details":{}}}')
  }
  const decide = () =>
    gateway.ask('/api/v1/decide', { as: 'user', method: 'POST', headers: JSON_TYPE, body: '{}' })
  for (let i = 0; i < 5; i += 1) expect((await decide()).status).toBe(500)
  const before = gateway.upstream.seen.length
  const refused = await decide()
  expect([refused.status, refused.json().error?.code]).toEqual([503, 'circuit_open'])
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
  expect(gateway.upstream.seen).toHaveLength(before)
  expect((await gateway.ask(MEMORIES, { as: 'user' })).status).toBe(200)
  const metrics = await gateway.ask('/metrics')
  expect(metrics.text).toContain(
    'service_dependency_status{service="gateway",dependency="reasoning"} 0',
  )
})
