import { createServer } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import type { Probe } from '../../../../scripts/emulator/manifests/types.ts'
import { followHealth, type Probes } from '../../../../scripts/emulator/serving/health.ts'
import { closeServer, listen } from '../../../../scripts/emulator/stores/listen.ts'
import { createWorld, isAlive, service, until } from './world.ts'

test('startup holds readiness and liveness off until it has passed once', async () => {
  const { asked, said, statuses } = await follow({
    startupProbe: probe('/startup', { failureThreshold: 9 }),
    livenessProbe: probe('/live'),
    readinessProbe: probe('/ready', { periodSeconds: 0 }),
  })
  statuses['/startup'] = 503
  await until('asked twice', () => asked.length >= 2)
  expect(new Set(asked)).toEqual(new Set(['/startup']))
  statuses['/startup'] = 200
  await until('ready', () => said.length > 0)
  await until('liveness', () => asked.includes('/live'))
  expect(said).toEqual(['ready'])
})

test('a startup probe that fails too often gives up', async () => {
  const { said, statuses } = await follow({
    startupProbe: probe('/startup', { failureThreshold: 2 }),
    readinessProbe: probe('/ready'),
  })
  statuses['/startup'] = 503
  await until('sick', () => said.length > 0)
  expect(said).toEqual(['sick startup probe failed: HTTP probe failed with statuscode: 503'])
})

test('readiness comes and goes by its thresholds', async () => {
  const { asked, said, statuses } = await follow({
    readinessProbe: probe('/ready', { failureThreshold: 2, successThreshold: 2 }),
  })
  await until('ready', () => said.length === 1)
  expect(asked).toHaveLength(2)
  statuses['/ready'] = 503
  await until('unready', () => said.length === 2)
  expect(asked.length).toBeGreaterThanOrEqual(4)
  statuses['/ready'] = 200
  await until('ready again', () => said.length === 3)
  expect(said).toEqual([
    'ready',
    'unready readiness probe failed: HTTP probe failed with statuscode: 503',
    'ready',
  ])
})

test('a single failure of liveness among passes is forgiven', async () => {
  const { asked, said, statuses } = await follow({
    livenessProbe: probe('/live', { failureThreshold: 2 }),
    readinessProbe: { ...probe('/ready'), periodSeconds: 60 },
  })
  statuses['/live'] = 503
  await until('failed once', () => asked.includes('/live'))
  statuses['/live'] = 200
  const count = (): number => asked.filter(path => path === '/live').length
  await until('asked again', () => count() >= 2)
  statuses['/live'] = 503
  await until('sick', () => said.length > 1)
  expect(count()).toBeGreaterThanOrEqual(4)
  expect(said).toEqual([
    'ready',
    'sick liveness probe failed: HTTP probe failed with statuscode: 503',
  ])
})

test('nothing is asked before its initial delay, nor after the end', async () => {
  const begun = performance.now()
  const { asked, said, controller } = await follow({
    readinessProbe: probe('/ready', { initialDelaySeconds: 1 }),
  })
  await until('ready', () => said.length > 0)
  // Timers may fire a millisecond early.
  expect(performance.now() - begun).toBeGreaterThan(990)
  controller.abort()
  const before = asked.length
  await new Promise(resolve => setTimeout(resolve, 1_100))
  expect(asked).toHaveLength(before)
})

test('a process that fails its liveness probe is replaced, and not for ever at once', async () => {
  const world = await createWorld([
    service('orders', { livenessProbe: probe('/live', { failureThreshold: 1 }) }),
  ])
  const first = await world.call('orders.localhost')
  await world.call('orders.localhost', '/sick')
  await until('the first gone', () => !isAlive(Number(first.json.pid)))
  const log = (): string => world.lines.join('\n')
  expect(log()).toContain('1→0 liveness probe failed: HTTP probe failed with statuscode: 503')
  const second = await world.call('orders.localhost')
  expect(second.status).toBe(200)
  await world.call('orders.localhost', '/sick')
  await until('the second gone', () => !isAlive(Number(second.json.pid)))
  const refused = await world.call('orders.localhost')
  expect(refused.status).toBe(503)
  expect(refused.text).toContain('liveness probe failed')
  await world.clock.advance(10_100)
  expect((await world.call('orders.localhost')).status).toBe(200)
})

test('a replica whose readiness fails takes no request until it passes again', async () => {
  const world = await createWorld([
    service('orders', { readinessProbe: probe('/live', { failureThreshold: 1 }) }),
  ])
  const first = await world.call('orders.localhost')
  await world.call('orders.localhost', '/sick?ms=2500')
  await until('not ready', () => world.serving.status()[0]?.replicas.ready === 0)
  const held = await world.call('orders.localhost')
  expect(held.json.pid).toBe(first.json.pid)
  expect(world.lines.join('\n')).toMatch(/1→0 readiness probe failed[\s\S]*0→1 ready again/)
})

function probe(path: string, given: Partial<Probe> = {}): Probe {
  return {
    kind: 'http',
    path,
    headers: {},
    initialDelaySeconds: 0,
    periodSeconds: 1,
    timeoutSeconds: 1,
    successThreshold: 1,
    failureThreshold: 3,
    ...(given as object),
  }
}

async function follow(probes: Probes): Promise<{
  asked: string[]
  said: string[]
  statuses: Record<string, number>
  controller: AbortController
}> {
  const asked: string[] = []
  const said: string[] = []
  const statuses: Record<string, number> = {}
  const controller = new AbortController()
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    asked.push(path)
    response.writeHead(statuses[path] ?? 200).end()
  })
  const port = await listen(server)
  onTestFinished(async () => {
    controller.abort()
    await closeServer(server)
  })
  void followHealth(probes, { port, isH2c: false, cwd: '/', environment: {} }, controller.signal, {
    onReady: () => void said.push('ready'),
    onUnready: how => void said.push(`unready ${how}`),
    onSick: how => void said.push(`sick ${how}`),
  })
  return { asked, said, statuses, controller }
}
