import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createRoutingTable } from '../../../functions/gateway/routing-table.ts'
import { allows, permissionsOf } from '../../../shared/principal.ts'
import { until } from '../../fixtures/until.ts'
import { type GatewayProcess, type Platform, type Role, startPlatform } from './fixture.ts'

let platform: Platform
let gateway: GatewayProcess

beforeAll(async () => {
  platform = await startPlatform()
  gateway = await platform.startGateway({ API_RATE_LIMIT: '100000' })
})

afterAll(() => platform.stop())

const CALLERS: (Role | 'anonymous')[] = ['anonymous', 'readonly', 'user', 'admin']
const MATRIX = createRoutingTable().flatMap(route =>
  CALLERS.map(caller => {
    const open = route.permission === 'public'
    const allowed =
      open || (caller !== 'anonymous' && allows(permissionsOf([caller]), route.permission))
    const status = allowed ? 200 : caller === 'anonymous' ? 401 : 403
    return { route, caller, status, name: `${route.method} ${route.path}` }
  }),
)

test.each(MATRIX)('$name answers $status to $caller', async ({ route, caller, status }) => {
  const path = route.path.replaceAll(/:\w+/g, randomUUID())
  const before = platform.upstream.seen.length
  const answer = await gateway.ask(path, {
    method: route.method,
    headers: { 'content-type': 'application/json' },
    ...(route.method !== 'GET' && route.method !== 'DELETE' && { body: '{}' }),
    ...(caller !== 'anonymous' && { as: caller }),
  })
  expect(answer.status).toBe(status)
  const seen = platform.upstream.seen.slice(before)
  expect(seen).toHaveLength(status === 200 ? 1 : 0)
  const [request] = seen
  if (!request) return
  expect(request.url.hostname.split('.')[0]).toBe(route.service)
  expect(request.url.pathname).toBe(route.target ?? path)
  const principal = await platform.proveHop(route.service, request)
  expect(principal.service).toBe('gateway')
  expect(principal.kind).toBe(route.permission === 'public' ? 'service' : 'user')
})

test.each([
  ['GET', '/api/v1/unknown'],
  ['GET', '/api/v1/memories/'],
  ['GET', '/API/v1/memories'],
  ['GET', '/api/v1'],
  ['POST', '/api/v1/auth/register/x'],
])('%s %s is not found, whoever asks', async (method, path) => {
  const answer = await gateway.ask(path, { method, as: 'admin' })
  expect([answer.status, answer.json().error?.code]).toEqual([404, 'not_found'])
})

test.each([
  ['PUT', '/api/v1/memories', 'POST, GET'],
  ['TRACE', '/api/v1/memories', 'POST, GET'],
  ['GET', '/analyze-alert', 'POST'],
  ['DELETE', '/api/health', 'GET'],
])('%s %s is refused with the methods that the path takes', async (method, path, allow) => {
  const answer = await gateway.ask(path, { method, as: 'admin' })
  expect([answer.status, answer.json().error?.code]).toEqual([405, 'method_not_allowed'])
  expect(answer.headers.allow).toBe(allow)
})

test.each([
  '//api/v1/memories',
  '/api/v1/%2e%2e/v1/memories',
  '/api/v1/x/../memories',
  '/api/v1%2fmemories',
  '/api/v1\\memories',
  '/api/v1/memories;x=1',
  'http://evil.example/api/v1/memories',
])('the path %s is refused before any right is looked at', async path => {
  const before = platform.upstream.seen.length
  const answer = await gateway.ask(path, { as: 'admin' })
  expect(answer.status).toBe(400)
  expect(platform.upstream.seen).toHaveLength(before)
})

test('HEAD is answered as GET without a body', async () => {
  const answer = await gateway.ask('/api/v1/memories', { method: 'HEAD', as: 'user' })
  expect([answer.status, answer.text]).toEqual([200, ''])
  expect(platform.upstream.seen.at(-1)?.method).toBe('HEAD')
})

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

test('of all spellings of a token exactly one passes', async () => {
  const token = await platform.token('user')
  const spellings = [...ALPHABET].map(last => token.slice(0, -1) + last)
  const statuses = await Promise.all(
    spellings.map(async spelling => {
      const headers = { authorization: `Bearer ${spelling}` }
      return (await gateway.ask('/api/v1/memories', { headers })).status
    }),
  )
  expect(statuses.filter(status => status === 200)).toHaveLength(1)
  expect(statuses.filter(status => status === 401)).toHaveLength(63)
})

test.each([
  ['no scheme', (token: string) => token, 401],
  ['another scheme', (token: string) => `Basic ${token}`, 401],
  ['a trailing space and more', (token: string) => `Bearer ${token} x`, 401],
  ['two in one header', (token: string) => `Bearer ${token}, Bearer ${token}`, 401],
  ['a cut token', (token: string) => `Bearer ${token.slice(0, -5)}`, 401],
  ['an empty one', () => 'Bearer ', 401],
  ['8 KiB and more', () => `Bearer ${'a'.repeat(9_000)}`, 401],
])('%s does not prove anybody', async (_, spell, status) => {
  const headers = { authorization: spell(await platform.token('admin')) }
  const answer = await gateway.ask('/api/v1/memories', { headers })
  expect(answer.status).toBe(status)
  expect(answer.headers['www-authenticate']).toMatch(/^Bearer error="/)
})

test.each(['bearer', 'BEARER'])('the scheme may be spelled %s (RFC 9110 11.1)', async scheme => {
  const headers = { authorization: `${scheme} ${await platform.token('user')}` }
  expect((await gateway.ask('/api/v1/memories', { headers })).status).toBe(200)
})

test('two authorization headers are refused', async () => {
  const authorization = [`Bearer ${await platform.token('user')}`, 'Bearer x.y.z']
  const answer = await gateway.ask('/api/v1/memories', { headers: { authorization } })
  expect([answer.status, answer.json().error?.code]).toEqual([400, 'invalid_request'])
})

test('a hop token of a function is not an access token', async () => {
  await gateway.ask('/api/v1/memories', { as: 'user' })
  const authorization = String(platform.upstream.seen.at(-1)?.headers.authorization)
  const answer = await gateway.ask('/api/v1/memories', { headers: { authorization } })
  expect(answer.status).toBe(401)
})

test('a token in the query string proves nobody', async () => {
  const token = await platform.token('user')
  const answer = await gateway.ask(`/api/v1/memories?access_token=${token}`)
  expect(answer.status).toBe(401)
})

test('a revoked session is refused everywhere, soon', async () => {
  const sid = randomUUID()
  const headers = { authorization: `Bearer ${await platform.token('user', randomUUID(), sid)}` }
  expect((await gateway.ask('/api/v1/memories', { headers })).status).toBe(200)
  const exp = Math.floor(Date.now() / 1000) + 3_600
  await platform.kv.zadd('auth:revocations', { score: Date.now(), member: `sid|${sid}|${exp}` })
  await until(async () => (await gateway.ask('/api/v1/memories', { headers })).status === 401)
  const answer = await gateway.ask('/api/v1/memories', { headers })
  expect(answer.json().error?.code).toBe('token_revoked')
})

test('no token ever reaches the log', () => {
  expect(gateway.output()).not.toMatch(/eyJ[\w-]+\.[\w-]+\./)
})
