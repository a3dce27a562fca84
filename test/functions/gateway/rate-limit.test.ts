import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createRateLimit, type RateLimit } from '../../../functions/gateway/rate-limit.ts'
import { createEngine } from '../../../scripts/emulator/stores/redis/engine.ts'
import { isFailure } from '../../../scripts/emulator/stores/redis/reply.ts'
import { createLog } from '../../../shared/log.ts'
import { type GatewayProcess, type Platform, startPlatform } from './fixture.ts'

const WINDOW_MS = 60_000

interface World {
  instances: RateLimit[]
  advance(ms: number): void
  time(): number
  /** How often the store was asked. */
  asked(): number
  cut(broken: boolean): void
  warnings: string[]
}

/** Several instances before one real script engine, on one clock that a test turns. */
function createWorld(
  count: number,
  limit: number,
  { windowMs = WINDOW_MS, travelMs = 0 }: { windowMs?: number; travelMs?: number } = {},
): World {
  let time = 1_000_000
  let asked = 0
  let ids = 0
  let broken = false
  const warnings: string[] = []
  const engine = createEngine({ now: () => time, record: () => {} })
  const kv = () => ({
    async eval(script: string, keys: string[], args: unknown[]): Promise<never> {
      asked += 1
      time += travelMs
      if (travelMs > 0 && asked > 20) return expect.unreachable('the store is asked for ever')
      if (broken) throw new Error('the store is away')
      const reply = await engine.command([
        'EVAL',
        script,
        String(keys.length),
        ...keys,
        ...args.map(String),
      ])
      if (isFailure(reply)) throw new Error(reply.error)
      return reply as never
    },
  })
  const log = createLog({ service: 'gateway', write: line => void warnings.push(line) })
  return {
    instances: Array.from({ length: count }, () =>
      createRateLimit({
        limit,
        windowSeconds: windowMs / 1000,
        kv,
        log,
        now: () => time,
        id: () => {
          ids += 1
          return `id${ids}`
        },
      }),
    ),
    advance(ms) {
      time += ms
    },
    time: () => time,
    asked: () => asked,
    cut(value) {
      broken = value
    },
    warnings,
  }
}

test('a caller gets exactly the limit, then 429 with the time to wait', async () => {
  const { instances, advance } = createWorld(1, 100)
  const [limit] = instances
  if (!limit) return expect.unreachable()
  const verdicts = []
  for (let i = 0; i < 101; i += 1) verdicts.push(await limit.take('user:a'))
  expect(verdicts.filter(({ allowed }) => allowed)).toHaveLength(100)
  const last = verdicts.at(-1)
  expect(last?.allowed).toBe(false)
  if (!last) return
  expect(Object.fromEntries(limit.headers(last))).toEqual({
    'ratelimit-policy': '"api";q=100;w=60',
    ratelimit: `"api";r=0;t=${last.resetSeconds}`,
    'retry-after': String(last.resetSeconds),
  })
  expect((await limit.take('user:b')).allowed).toBe(true)
  advance(last.resetSeconds * 1000)
  expect((await limit.take('user:a')).allowed).toBe(true)
})

test('most requests never ask the store', async () => {
  const { instances, asked } = createWorld(1, 1_000)
  for (let i = 0; i < 1_000; i += 1) await instances[0]?.take('user:a')
  expect(asked()).toBeLessThan(20)
})

test('permits that were leased and not used come back', async () => {
  const { instances, advance } = createWorld(1, 20)
  let allowed = 0
  for (let i = 0; i < 20; i += 1) {
    if ((await instances[0]?.take('user:a'))?.allowed) allowed += 1
    advance(2_500)
  }
  expect(allowed).toBe(20)
})

test('no window of 60 s sees more than the limit, over any instances and any arrivals', async () => {
  const arrival = fc.record({
    wait: fc.oneof(
      fc.constant(0),
      fc.integer({ min: 0, max: 4_000 }),
      fc.integer({ max: 30_000, min: 0 }),
    ),
    instance: fc.nat(2),
    burst: fc.integer({ min: 1, max: 12 }),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(arrival, { minLength: 5, maxLength: 60 }), async arrivals => {
      const { instances, advance, time } = createWorld(3, 12)
      const times: number[] = []
      for (const { wait, instance, burst } of arrivals) {
        advance(wait)
        const takes = Array.from({ length: burst }, () => instances[instance]?.take('user:a'))
        for (const verdict of await Promise.all(takes)) if (verdict?.allowed) times.push(time())
      }
      for (const [index, at] of times.entries()) {
        const inWindow = times.slice(index).filter(other => other - at < WINDOW_MS).length
        expect(inWindow).toBeLessThanOrEqual(12)
      }
    }),
    { numRuns: 60 },
  )
})

test('without the store each instance counts alone, says so, and gives nobody a fresh limit', async () => {
  const { instances, cut, warnings } = createWorld(1, 10)
  const [limit] = instances
  if (!limit) return expect.unreachable()
  for (let i = 0; i < 6; i += 1) expect((await limit.take('user:a')).allowed).toBe(true)
  cut(true)
  const verdicts = []
  for (let i = 0; i < 10; i += 1) verdicts.push(await limit.take('user:a'))
  expect(verdicts.filter(({ allowed }) => allowed)).toHaveLength(4)
  const degraded = verdicts.at(-1)
  expect(degraded?.degraded).toBe(true)
  if (degraded) expect(limit.headers(degraded)[0]?.[1]).toBe('"api";q=10;w=60;degraded')
  expect(warnings.some(line => line.includes('the store did not answer'))).toBe(true)
})

test('leases that expire on their way do not make it ask for ever: it counts alone', async () => {
  const { instances, asked } = createWorld(1, 10, { windowMs: 1_000, travelMs: 120 })
  const verdicts = []
  for (let i = 0; i < 12; i += 1) verdicts.push(await instances[0]?.take('user:a'))
  expect(verdicts.filter(verdict => verdict?.allowed)).toHaveLength(10)
  expect(verdicts.at(-1)?.degraded).toBe(true)
  expect(asked()).toBe(1)
})

let platform: Platform
let gateways: GatewayProcess[]

beforeAll(async () => {
  platform = await startPlatform()
  gateways = await Promise.all([platform.startGateway(), platform.startGateway()])
})

afterAll(() => platform.stop())

test('two gateway processes under parallel load let exactly 100 requests of a person pass', async () => {
  const authorization = `Bearer ${await platform.token('user')}`
  const answers = await Promise.all(
    Array.from({ length: 240 }, (_, index) =>
      gateways[index % 2]?.ask('/api/v1/memories', { headers: { authorization } }),
    ),
  )
  const statuses = answers.map(answer => answer?.status)
  expect(statuses.filter(status => status === 200)).toHaveLength(100)
  expect(statuses.filter(status => status === 429)).toHaveLength(140)
  const refused = answers.find(answer => answer?.status === 429)
  expect(refused?.json().error?.code).toBe('rate_limited')
  expect(Number(refused?.headers['retry-after'])).toBeGreaterThan(0)
  expect(refused?.headers['ratelimit-policy']).toBe('"api";q=100;w=60')
})

test('guessing tokens is counted against the network that guesses', async () => {
  const headers = { authorization: 'Bearer aaaa.bbbb.cccc', 'x-forwarded-for': '198.51.100.77' }
  const answers = await Promise.all(
    Array.from({ length: 120 }, () => gateways[0]?.ask('/api/v1/memories', { headers })),
  )
  const statuses = answers.map(answer => answer?.status)
  expect(statuses.filter(status => status === 401)).toHaveLength(100)
  expect(statuses.filter(status => status === 429)).toHaveLength(20)
})
