import { afterEach, beforeEach, expect, test } from 'vitest'
import { EPOCH } from '../../../functions/auth/revocations.ts'
import { until } from '../../fixtures/until.ts'
import { type Ask, type Platform, startPlatform } from './fixture.ts'

const POSTING: Ask = {
  as: 'user',
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: '{}',
}

let platform: Platform

beforeEach(async () => {
  platform = await startPlatform()
})

afterEach(() => platform.stop())

test('a fresh instance without the store answers reads, refuses writes and lets people leave', async () => {
  const gateway = await platform.startGateway()
  await platform.stopStore()
  const read = await gateway.ask('/api/v1/memories', { as: 'user' })
  expect(read.status).toBe(200)
  expect(read.headers['ratelimit-policy']).toBe('"api";q=100;w=60;degraded')
  const write = await gateway.ask('/api/v1/memories', POSTING)
  expect([write.status, write.json().error?.code]).toEqual([503, 'dependency_unavailable'])
  expect(write.json().error?.details.reason).toBe('auth_state_unavailable')
  expect(write.headers['retry-after']).toBe('5')
  const leave = await gateway.ask('/api/v1/auth/logout', POSTING)
  expect(leave.status).toBe(200)
})

test('a gateway before an empty store asks auth for the list, and nobody changes anything before', async () => {
  await platform.kv.del(EPOCH)
  let isAuthUp = false
  platform.upstream.handle = (incoming, outgoing) => {
    const isSync = incoming.url?.endsWith('/internal/revocations/sync')
    const status = isSync && !isAuthUp ? 503 : 200
    const answer = (): void => {
      outgoing.writeHead(status, { 'content-type': 'application/json' }).end('{"whole":true}')
    }
    if (isSync && isAuthUp) platform.kv.set(EPOCH, '1').then(answer)
    else answer()
  }
  const gateway = await platform.startGateway()
  const write = () => gateway.ask('/api/v1/memories', POSTING)
  expect((await write()).json().error?.details.reason).toBe('auth_state_unavailable')
  isAuthUp = true
  await until(async () => (await write()).status === 200)
  const asked = platform.upstream.seen.filter(({ url }) => url.pathname.endsWith('/sync'))
  expect(asked).toHaveLength(2)
  const [first] = asked
  if (first) expect((await platform.proveHop('auth', first)).sub).toBe('gateway')
  expect((await gateway.ask('/internal/revocations/sync', { method: 'POST' })).status).toBe(404)
})

test('a function that cannot be reached is told as such', async () => {
  const gateway = await platform.startGateway({ HTTP_PROXY: 'http://127.0.0.1:1' })
  const answer = await gateway.ask('/api/v1/memories', { as: 'user' })
  expect([answer.status, answer.json().error?.code]).toEqual([503, 'dependency_unavailable'])
})

test('a function that closes the connection without an answer is told as such', async () => {
  platform.upstream.handle = (_, outgoing) => void outgoing.destroy()
  const gateway = await platform.startGateway()
  const answer = await gateway.ask('/api/v1/memories', POSTING)
  expect([answer.status, answer.json().error?.code]).toEqual([502, 'upstream_error'])
})

test('a missing secret, a wrong network and a wildcard origin stop the start, all named at once', async () => {
  const wrong = { JWT_SECRET: 'short', TRUSTED_PROXIES: '10.0.0.0', CORS_ORIGINS: '*' }
  await expect(platform.startGateway(wrong)).rejects.toThrow(
    /JWT_SECRET.*\n.*TRUSTED_PROXIES.*\n.*CORS_ORIGINS/,
  )
})

test.each([
  ['HS256', 'JWT_SECRET'],
  ['EdDSA', 'JWT_PUBLIC_KEYS'],
])('a gateway of the %s profile does not start without %s', async (algorithm, name) => {
  const wrong = { JWT_ALGORITHM: algorithm, JWT_SECRET: '' }
  await expect(platform.startGateway(wrong)).rejects.toThrow(
    new RegExp(`gateway cannot start:\\n {2}"${name}" is missing`),
  )
})
