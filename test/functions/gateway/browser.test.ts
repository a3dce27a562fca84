/** What browsers meet: logins, other origins, the entry page. */
import { expect, test } from 'vitest'
import { JSON_TYPE, MEMORIES, useGateway } from './use-gateway.ts'

const gateway = useGateway({ CORS_ORIGINS: 'https://app.example.org' })

test('a login carries the facts that the gateway has seen, not those that the client wrote', async () => {
  const body = { email: 'a@b.c', password: 'secret', ip_prefix: '6.6.6.6', user_agent: 'forged' }
  const answer = await gateway.ask('/api/v1/auth/jwt/login', {
    method: 'POST',
    headers: { ...JSON_TYPE, 'user-agent': 'curl/8', 'x-forwarded-for': '198.51.100.4' },
    body: JSON.stringify(body),
  })
  expect(answer.status).toBe(200)
  const seen = gateway.upstream.seen.at(-1)
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
