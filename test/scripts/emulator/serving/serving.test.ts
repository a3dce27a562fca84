import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { StartError } from '../../../../scripts/emulator/serving/revision.ts'
import { createWorld, isAlive, runFixture, service, until } from './world.ts'

test('a request to a function at zero is held until one process is ready, and the start is logged', async () => {
  const world = await createWorld([service('orders')])
  expect(world.serving.status()[0]?.replicas.ready).toBe(0)
  const answer = await world.call('orders.test.svc.cluster.local', '/a?b=1', 'hello')
  expect(answer.status).toBe(200)
  expect(answer.revision).toBe('orders-00001')
  expect(answer.json).toMatchObject({ method: 'POST', url: '/a?b=1', body: 'hello' })
  expect(world.lines.join('\n')).toMatch(/orders +0→1 cold start \d+ms revision=orders-00001/)
  expect(world.scales).toEqual([
    { service: 'orders', revision: 'orders-00001', from: 0, to: 1, reason: 'cold start' },
  ])
})

test('a process gets the environment of the contract and the ingress as its proxy', async () => {
  const world = await createWorld([service('orders', { vars: { GREETING: 'hi' } })])
  const { json } = await world.call('orders.localhost')
  expect(json.env).toEqual({
    PORT: expect.stringMatching(/^\d+$/),
    K_SERVICE: 'orders',
    K_CONFIGURATION: 'orders',
    K_REVISION: 'orders-00001',
    GREETING: 'hi',
    HTTP_PROXY: world.ingress.url,
    NO_PROXY: '127.0.0.1,localhost,::1',
  })
})

test('many parallel requests from zero share one process when concurrency is unlimited', async () => {
  const world = await createWorld([service('orders')])
  const answers = await Promise.all(
    Array.from({ length: 25 }, () => world.call('orders.localhost')),
  )
  expect(new Set(answers.map(({ json }) => json.pid)).size).toBe(1)
  expect(answers.every(({ status }) => status === 200)).toBe(true)
})

test('a panic of load starts more replicas at the next tick', async () => {
  const world = await createWorld([
    service('orders', { annotations: { 'autoscaling.knative.dev/target': '10' } }),
  ])
  await world.call('orders.localhost')
  const slow = Promise.all(
    Array.from({ length: 20 }, () => world.call('orders.localhost', '/?ms=1500')),
  )
  await until('20 in flight', () => world.serving.status()[0]?.inFlight === 20)
  await world.clock.advance(4_000)
  // 20 in flight over a target of 10 * 0.7, averaged over the seconds so far.
  await until('three replicas', () => world.serving.status()[0]?.replicas.ready === 3)
  expect((await slow).every(({ status }) => status === 200)).toBe(true)
})

test('max-scale bounds the replicas', async () => {
  const annotations = {
    'autoscaling.knative.dev/target': '1',
    'autoscaling.knative.dev/max-scale': '2',
  }
  const world = await createWorld([service('orders', { annotations })])
  const slow = Promise.all(
    Array.from({ length: 10 }, () => world.call('orders.localhost', '/?ms=600')),
  )
  await until('ten in flight', () => world.serving.status()[0]?.inFlight === 10)
  await world.clock.advance(4_000)
  expect(world.serving.status()[0]?.desired).toBe(2)
  await slow
})

test('containerConcurrency bounds what one process runs, and the activator holds all the others', async () => {
  const annotations = { 'autoscaling.knative.dev/max-scale': '1' }
  const world = await createWorld([service('orders', { containerConcurrency: 2, annotations })])
  await world.call('orders.localhost')
  const answers = await Promise.all(
    Array.from({ length: 30 }, () => world.call('orders.localhost', '/?ms=5')),
  )
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 30 }, () => 200))
  expect(Math.max(...answers.map(({ json }) => Number(json.most)))).toBe(2)
})

test('without the activator in the path, the queue beyond ten times containerConcurrency is refused', async () => {
  const annotations = {
    'autoscaling.knative.dev/max-scale': '1',
    'autoscaling.knative.dev/target-burst-capacity': '0',
  }
  const world = await createWorld([service('orders', { containerConcurrency: 2, annotations })])
  await world.call('orders.localhost')
  await world.clock.advance(4_000)
  const answers = await Promise.all(
    Array.from({ length: 30 }, () => world.call('orders.localhost', '/?ms=20')),
  )
  const refused = answers.filter(({ status }) => status === 503)
  expect(refused).toHaveLength(30 - 2 - 20)
  expect(refused[0]?.text).toBe('pending request queue full')
  const most = answers.map(({ json }) => Number(json.most ?? 0))
  expect(Math.max(...most)).toBe(2)
})

test('an idle function goes to zero after the stable window, not before, and comes back', async () => {
  const world = await createWorld([service('orders')])
  const first = await world.call('orders.localhost')
  await world.clock.advance(58_000)
  expect(world.serving.status()[0]?.replicas.ready).toBe(1)
  await world.clock.advance(70_000)
  await until('no process', () => !isAlive(Number(first.json.pid)))
  expect(world.serving.status()[0]).toMatchObject({
    desired: 0,
    replicas: { ready: 0, draining: 0 },
  })
  expect(world.lines.join('\n')).toContain('1→0 idle revision=orders-00001')
  const second = await world.call('orders.localhost')
  expect(second.status).toBe(200)
  expect(second.json.pid).not.toBe(first.json.pid)
})

test('the retention period delays the way to zero', async () => {
  const key = 'autoscaling.knative.dev/scale-to-zero-pod-retention-period'
  const world = await createWorld([service('orders', { annotations: { [key]: '5m' } })])
  await world.call('orders.localhost')
  await world.clock.advance(300_000)
  expect(world.serving.status()[0]?.replicas.ready).toBe(1)
  await world.clock.advance(130_000)
  await until('zero', () => world.serving.status()[0]?.replicas.ready === 0)
})

test('min-scale keeps replicas without any request', async () => {
  const annotations = { 'autoscaling.knative.dev/min-scale': '2' }
  const world = await createWorld([service('orders', { annotations })])
  await world.clock.advance(2_000)
  await until('two ready', () => world.serving.status()[0]?.replicas.ready === 2)
  await world.clock.advance(300_000)
  expect(world.serving.status()[0]?.replicas.ready).toBe(2)
})

test('a running request keeps its process past the window, and draining waits for it', async () => {
  const world = await createWorld([service('orders')])
  const first = await world.call('orders.localhost')
  const slow = world.call('orders.localhost', '/?ms=700')
  await until('in flight', () => world.serving.status()[0]?.inFlight === 1)
  await world.clock.advance(200_000)
  const answer = await slow
  expect(answer.status).toBe(200)
  expect(answer.json.pid).toBe(first.json.pid)
})

test('a process that dies before it is ready answers 503 with the reason, then backs off and recovers', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'serving-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const counter = join(directory, 'starts')
  const vars = { COUNTER_FILE: counter, CRASHES: '2' }
  const world = await createWorld([service('orders', { script: 'crash', vars })])

  const held = await Promise.all([world.call('orders.localhost'), world.call('orders.localhost')])
  for (const answer of held) {
    expect(answer.status).toBe(503)
    expect(answer.text).toBe(
      'revision orders-00001 did not start: exited with code 7 (ExitCode7); its log has the reason',
    )
    expect(answer.headers['retry-after']).toBe('1')
  }
  expect(world.lines.join('\n')).toContain('cannot start: no config')
  expect(world.serving.status()[0]?.conditions[0]).toMatchObject({
    status: 'False',
    reason: 'ExitCode7',
  })

  expect((await world.call('orders.localhost')).status).toBe(503)
  expect(readFileSync(counter, 'utf8')).toHaveLength(1)

  await world.clock.advance(1_100)
  expect((await world.call('orders.localhost')).status).toBe(503)
  expect(readFileSync(counter, 'utf8')).toHaveLength(2)
  await world.clock.advance(1_100)
  expect((await world.call('orders.localhost')).status).toBe(503)
  expect(readFileSync(counter, 'utf8')).toHaveLength(2)

  await world.clock.advance(1_100)
  expect((await world.call('orders.localhost')).text).toBe('at last')
  expect(world.serving.status()[0]?.conditions[0]?.status).toBe('True')
})

test('a command that does not exist is a failed start, not a failure of the emulator', async () => {
  const resolveCommand = (): Promise<{ command: string; args: string[]; cwd: string }> =>
    Promise.resolve({ command: '/no/such/program', args: [], cwd: '/' })
  const world = await createWorld([service('orders')], { resolveCommand })
  const answer = await world.call('orders.localhost')
  expect(answer.status).toBe(503)
  expect(answer.text).toContain('cannot run /no/such/program')
})

test('a build that fails is said, and tried again later', async () => {
  let broken = true
  const world = await createWorld([service('orders')], {
    resolveCommand: each =>
      broken ? Promise.reject(new Error('build failed: index.ts:3')) : runFixture(each),
  })
  expect((await world.call('orders.localhost')).text).toContain('build failed: index.ts:3')
  broken = false
  await world.clock.advance(1_100)
  expect((await world.call('orders.localhost')).status).toBe(200)
})

test('a process that dies while it serves gives 502, and is replaced on demand', async () => {
  const world = await createWorld([service('orders')])
  const first = await world.call('orders.localhost')
  const slow = world.call('orders.localhost', '/?ms=5000')
  await until('in flight', () => world.serving.status()[0]?.inFlight === 1)
  expect((await world.call('orders.localhost', '/exit')).status).toBe(502)
  expect((await slow).status).toBe(502)
  await until('the loss noticed', () => world.serving.status()[0]?.replicas.ready === 0)
  expect(world.serving.status()[0]).toMatchObject({ desired: 0, replicas: { starting: 0 } })
  const next = await world.call('orders.localhost')
  expect(next.status).toBe(200)
  expect(next.json.pid).not.toBe(first.json.pid)
})

test('a request longer than timeoutSeconds gets 504 from the activator in its path, held or not', async () => {
  const world = await createWorld([
    service('slow', { timeoutSeconds: 1 }),
    service('late', { timeoutSeconds: 1, vars: { START_MS: '60000' } }),
  ])
  const [running, held] = await Promise.all([
    world.call('slow.localhost', '/hang'),
    world.call('late.localhost'),
  ])
  expect([running.status, running.text]).toEqual([504, 'activator request timeout'])
  expect([held.status, held.text]).toEqual([504, 'activator request timeout'])
})

test('a changed template makes a revision, which is routed to when it is ready, and the old one goes', async () => {
  const world = await createWorld([service('orders')])
  const first = await world.call('orders.localhost')
  const same = await world.serving.deploy(service('orders'))
  expect(same.name).toBe('orders-00001')
  const next = await world.serving.deploy(service('orders', { vars: { GREETING: 'two' } }))
  expect(next).toMatchObject({ name: 'orders-00002', ready: 1 })
  const second = await world.call('orders.localhost')
  expect(second.revision).toBe('orders-00002')
  await world.clock.advance(120_000)
  await until('the old one gone', () => !isAlive(Number(first.json.pid)))
})

test('a request that runs on the old revision finishes there', async () => {
  const world = await createWorld([service('orders')])
  const first = await world.call('orders.localhost')
  const slow = world.call('orders.localhost', '/?ms=800')
  await until('in flight', () => world.serving.status()[0]?.inFlight === 1)
  await world.serving.deploy(service('orders', { vars: { GREETING: 'two' } }))
  expect(isAlive(Number(first.json.pid))).toBe(true)
  expect(await slow).toMatchObject({ status: 200, revision: 'orders-00001' })
  await world.clock.advance(120_000)
  await until('the old one gone', () => !isAlive(Number(first.json.pid)))
})

test('a revision that does not start is refused with its log, and the old one keeps serving', async () => {
  const world = await createWorld([service('orders')])
  await world.call('orders.localhost')
  const failed = world.serving.deploy(service('orders', { script: 'crash' }))
  await expect(failed).rejects.toThrow(StartError)
  await expect(failed).rejects.toThrow(/orders-00002 did not start[\s\S]*cannot start: no config/)
  expect((await world.call('orders.localhost')).revision).toBe('orders-00001')
  expect(world.serving.status()[0]?.conditions[0]).toMatchObject({
    status: 'False',
    reason: 'ExitCode7',
  })
})

test('traffic is split by percent and a tag has a host of its own', async () => {
  const traffic = [
    { revisionName: 'orders-00001', latestRevision: false, percent: 0, tag: 'old' },
    { latestRevision: true, percent: 100 },
  ]
  const world = await createWorld([service('orders')])
  await world.serving.deploy(service('orders', { vars: { GREETING: 'two' } }, { traffic }))
  expect((await world.call('orders.localhost')).revision).toBe('orders-00002')
  expect((await world.call('old-orders.test.localhost')).revision).toBe('orders-00001')
})

test('close ends every process, also one that ignores SIGTERM, and holds no request back', async () => {
  const world = await createWorld([
    service('stubborn', { vars: { IGNORE_SIGTERM: '1' } }),
    service('late', { vars: { START_MS: '60000' } }),
  ])
  const { json } = await world.call('stubborn.localhost')
  const held = world.call('late.localhost')
  await until('held', () => world.serving.status()[1]?.queued === 1)
  await Promise.all([world.serving.close(), world.serving.close()])
  expect(isAlive(Number(json.pid))).toBe(false)
  expect(await held).toMatchObject({ status: 503, text: 'shutting down' })
  expect(await world.call('stubborn.localhost')).toMatchObject({ status: 503 })
})
