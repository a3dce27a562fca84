/** What the parts do together: starting whole or not at all, and who may speak to the broker's own port. */
import { createServer, request as httpRequest } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { type Clock, createClock } from '../../../scripts/emulator/clock.ts'
import {
  createEmulator,
  type Emulator,
  type EmulatorOptions,
} from '../../../scripts/emulator/emulator.ts'
import { closeServer, listen } from '../../../scripts/emulator/stores/listen.ts'
import { broker, createTestLog, temporaryDirectory } from './eventing/fixture.ts'
import { isAlive, runFixture, service, until } from './serving/world.ts'

interface Attempt {
  options: EmulatorOptions
  lines: ReturnType<typeof createTestLog>['lines']
  /** Timers of the clock that repeat and were not cancelled. */
  ticking(): number
}

function attempt(given: Partial<EmulatorOptions> = {}): Attempt {
  const { log, lines } = createTestLog()
  const clock = createClock({ scale: 0 })
  let ticking = 0
  const every: Clock['every'] = (periodMs, task) => {
    const cancel = clock.every(periodMs, task)
    ticking++
    return () => {
      ticking--
      cancel()
    }
  }
  const options: EmulatorOptions = {
    manifests: {
      services: [service('orders')],
      brokers: [broker()],
      triggers: [],
      channels: [],
      subscriptions: [],
      eventing: [],
      configMaps: [],
      others: [],
    },
    log,
    clock: { ...clock, every },
    port: 0,
    directory: temporaryDirectory(),
    resolveCommand: runFixture,
    resolveEnv: () => ({}),
    ...given,
  }
  return { options, lines, ticking: () => ticking }
}

async function started(given: Partial<EmulatorOptions> = {}): Promise<Emulator> {
  const emulator = await createEmulator(attempt(given).options)
  onTestFinished(() => emulator.close())
  return emulator
}

test('a taken port leaves nothing running, and the folder free', async () => {
  const taken = createServer()
  const port = await listen(taken)
  onTestFinished(() => closeServer(taken))
  const { options, ticking, lines } = attempt({ port })
  await expect(createEmulator(options)).rejects.toMatchObject({ code: 'EADDRINUSE' })
  expect(ticking()).toBe(0)
  const again = await createEmulator({ ...options, port: 0 })
  expect(ticking()).toBe(1)
  await again.close()
  expect([ticking(), lines]).toEqual([0, []])
})

test('a folder in use leaves nothing running', async () => {
  const directory = temporaryDirectory()
  await started({ directory })
  const { options, ticking } = attempt({ directory })
  await expect(createEmulator(options)).rejects.toThrow('is in use by another emulator')
  expect(ticking()).toBe(0)
})

test("a broker's port that cannot be had leaves nothing running, and the port of all free", async () => {
  const { options, ticking } = attempt({ brokerPort: -1 })
  await expect(createEmulator(options)).rejects.toMatchObject({ code: 'ERR_SOCKET_BAD_PORT' })
  expect(ticking()).toBe(0)
  await (await createEmulator({ ...options, brokerPort: 0 })).close()
})

test('a part that does not close keeps none of the others open, and no process alive', async () => {
  const { options, lines } = attempt()
  const clock = createClock({ scale: 0 })
  const every: Clock['every'] = () => () => {
    throw new Error('stuck')
  }
  const emulator = await createEmulator({ ...options, clock: { ...clock, every } })
  const url = 'http://orders.localhost/'
  const answer = await emulator.send({ url, method: 'GET', headers: {} })
  const { pid } = JSON.parse(Buffer.from(answer.body).toString()) as { pid: number }
  expect(isAlive(pid)).toBe(true)
  await emulator.close()
  await emulator.close()
  await expect(ask(emulator.port, {})).rejects.toThrow('ECONNREFUSED')
  await expect(ask(emulator.brokerPort, {})).rejects.toThrow('ECONNREFUSED')
  await until('no process', () => !isAlive(pid))
  expect(lines.filter(({ level }) => level === 'error')).toEqual([
    { level: 'error', scope: 'emulator', message: 'while stopping: Error: stuck' },
  ])
})

test("the broker's port answers its own names, and no page of another site", async () => {
  const emulator = await started()
  const headers = {
    'ce-specversion': '1.0',
    'ce-id': 'e1',
    'ce-source': '/test',
    'ce-type': 'test',
  }
  const statuses = (given: Record<string, string>[]): Promise<number[]> =>
    Promise.all(given.map(more => ask(emulator.brokerPort, { ...headers, ...more })))
  const own = `127.0.0.1:${emulator.brokerPort}`
  expect(
    await statuses([
      { host: own },
      { host: 'localhost:1' },
      { host: '[::1]:80' },
      { host: 'broker-ingress.knative-eventing.svc.cluster.local' },
      { host: 'broker-ingress.knative-eventing.svc:80' },
      { host: own, origin: 'http://localhost:3000' },
    ]),
  ).toEqual([202, 202, 202, 202, 202, 202])
  expect(
    await statuses([
      { host: 'rebound.example' },
      { host: `rebound.example:${emulator.brokerPort}` },
      { host: '127.0.0.1.rebound.example' },
      { host: own, origin: 'https://other.example' },
      { host: own, origin: 'null' },
    ]),
  ).toEqual([403, 403, 403, 403, 403])
  expect(emulator.eventing.events({ limit: 50 })).toHaveLength(6)
})

function ask(port: number, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    httpRequest(
      { host: '127.0.0.1', port, method: 'POST', path: '/app/default', headers, agent: false },
      response => {
        response.resume()
        response.on('end', () => resolve(response.statusCode ?? 0))
      },
    )
      .on('error', error => reject(new Error((error as NodeJS.ErrnoException).code)))
      .end()
  })
}
