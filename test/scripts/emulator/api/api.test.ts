import { connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { createApi } from '../../../../scripts/emulator/api/api.ts'
import { type Clock, createClock } from '../../../../scripts/emulator/clock.ts'
import type { Eventing } from '../../../../scripts/emulator/eventing/eventing.ts'
import { openWire } from '../../../fixtures/wire.ts'
import { bench, createTestLog } from '../eventing/fixture.ts'
import { createWorld, service, until } from '../serving/world.ts'
import { serveHandler } from './serve-handler.ts'

interface Api {
  clock: Clock
  lines: { scope: string; message: string }[]
  port: number
  ask(path: string, init?: RequestInit): Promise<{ status: number; json: unknown }>
}

/** The API over a real serving, and an eventing that a test may change. */
async function opened(
  world: Awaited<ReturnType<typeof createWorld>>,
  changes: Partial<Eventing> = {},
): Promise<Api> {
  const clock = createClock({ scale: 0, start: 1_000 })
  const { log, lines } = createTestLog()
  const { eventing } = await bench()
  const { serving } = world
  const api = createApi({ clock, log, serving, eventing: { ...eventing, ...changes } })
  const port = await serveHandler(api)
  return {
    clock,
    lines,
    port,
    async ask(path, init) {
      const response = await fetch(`http://127.0.0.1:${port}/_emulator/${path}`, init)
      return { status: response.status, json: await response.json() }
    },
  }
}

test('the clock is advanced by at most a month, and a wrong number is told', async () => {
  const { clock, ask } = await opened(await createWorld([]))
  const post = { method: 'POST' }
  expect(await ask('clock/advance?ms=2000', post)).toEqual({ status: 200, json: { now: 3_000 } })
  for (const ms of ['2678400001', '1e12', 'Infinity', '-1', 'soon', '']) {
    expect(await ask(`clock/advance?ms=${ms}`, post)).toEqual({
      status: 400,
      json: { error: `"ms" must be milliseconds from 0 to 2678400000, got "${ms}"` },
    })
  }
  expect((await ask('clock/advance', post)).status).toBe(400)
  expect(clock.now()).toBe(3_000)
  expect((await ask('clock/advance?ms=2678400000', post)).status).toBe(200)
})

test('a wrong query is the mistake of its caller', async () => {
  const { ask, lines } = await opened(await createWorld([]))
  for (const query of ['limit=0', 'limit=501', 'limit=x', 'before=x', 'before=1.5']) {
    const { status, json } = await ask(`events?${query}`)
    expect([status, json]).toEqual([
      400,
      { error: expect.stringMatching(/^"(limit|before)" must be/) },
    ])
  }
  expect((await ask('events?before=7&limit=3')).status).toBe(200)
  expect(lines).toEqual([])
})

test.each([
  new Error('the disk of /home/me is full'),
  new TypeError("Cannot read properties of undefined (reading 'secret')"),
])('an error of our own goes to the log and not to the caller: %s', async error => {
  const broken = {
    events: () => {
      throw error
    },
  }
  const { ask, lines } = await opened(await createWorld([]), broken)
  expect(await ask('events')).toEqual({
    status: 500,
    json: { error: 'an unexpected error, see the log' },
  })
  expect(lines).toEqual([
    { level: 'error', scope: 'api', message: expect.stringContaining(error.message) },
  ])
})

test('a reader of facts that reads nothing is dropped, and forgotten', async () => {
  let tell: Parameters<Eventing['subscribe']>[0] | undefined
  const { port } = await opened(await createWorld([]), {
    subscribe: listener => {
      tell = listener
      return () => {
        tell = undefined
      }
    },
  })
  const reader = connect(port, '127.0.0.1')
  reader.on('error', () => {})
  reader.pause()
  reader.write('GET /_emulator/facts HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')
  onTestFinished(() => void reader.destroy())
  await until('subscribed', () => tell !== undefined)
  const event = { seq: 1, id: 'x'.repeat(100_000), source: '/s', type: 't' }
  // Some megabytes go into the kernel's buffers first.
  for (let count = 0; tell && count < 1_000; count++) {
    tell({ kind: 'accepted', at: 1, broker: 'app/default', event })
    await new Promise(resolve => setImmediate(resolve))
  }
  expect(tell).toBeUndefined()
})

test('facts of requests name the path without the query', async () => {
  const world = await createWorld([service('orders')])
  const paths: string[] = []
  world.serving.onRequest(({ path }) => paths.push(path))
  await world.call('orders.localhost', '/in?token=secret')
  const { port } = world.ingress
  openWire(port, 'GET /over?token=secret HTTP/1.1\r\nHost: orders.localhost\r\n\r\n')
  await until('both told', () => paths.length === 2)
  expect(paths).toEqual(['/in', '/over'])
})
