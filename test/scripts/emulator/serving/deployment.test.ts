import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { KubeObject } from '../../../../scripts/emulator/control/object.ts'
import { ManifestError } from '../../../../scripts/emulator/manifests/manifest-error.ts'
import { DEFAULT_CLUSTER_CONFIG } from '../../../../scripts/emulator/serving/cluster-config.ts'
import { readClusterConfig } from '../../../../scripts/emulator/serving/read-cluster-config.ts'
import { createWorld, isAlive, service, until, type World } from './world.ts'

const HOUR_MS = 3_600_000

const find = (world: World, kind: string, name: string): KubeObject | undefined =>
  world.serving.objects().find(object => object.kind === kind && object.metadata.name === name)

const ready = (world: World, kind: string, name: string): Record<string, unknown> => ({
  ...find(world, kind, name)?.status?.conditions?.find(({ type }) => type === 'Ready'),
})

const revisions = (world: World): string[] =>
  world.serving
    .objects()
    .filter(({ kind }) => kind === 'Revision')
    .map(({ metadata }) => metadata.name)

const two = { vars: { GREETING: 'two' } }
const three = { vars: { GREETING: 'three' } }

test('a newer template takes over while the one before is still being proved', async () => {
  const world = await createWorld([])
  const slow = world.serving.deploy(service('orders', { vars: { START_MS: '60000' } }))
  await until('created', () => revisions(world).length === 1)
  const next = await world.serving.deploy(service('orders', two))
  expect(next.name).toBe('orders-00002')
  // Who waits for the first gets what the Service came to.
  expect((await slow).name).toBe('orders-00002')
  const labels = find(world, 'Revision', 'orders-00001')?.metadata.labels
  expect(labels?.['serving.knative.dev/routingState']).toBe('reserve')
  expect((await world.call('orders.localhost')).revision).toBe('orders-00002')
})

test('traffic moves only when as many replicas are ready as the initial scale asks for', async () => {
  const world = await createWorld([])
  await world.serving.deploy(service('orders'))
  const annotations = { 'autoscaling.knative.dev/initial-scale': '3' }
  const status = await world.serving.deploy(service('orders', { ...two, annotations }))
  expect(status).toMatchObject({ name: 'orders-00002', ready: 3 })
})

test('a failed revision is tried again, and takes over when it comes up after all', async () => {
  const world = await createWorld([])
  await world.serving.deploy(service('orders'))
  const directory = mkdtempSync(join(tmpdir(), 'deployment-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const vars = { COUNTER_FILE: join(directory, 'starts'), CRASHES: '1' }
  const broken = { script: 'crash', vars }
  await expect(world.serving.deploy(service('orders', broken))).rejects.toThrow('did not start')
  expect((await world.call('orders.localhost')).revision).toBe('orders-00001')
  await world.clock.advance(2_000)
  await until('healed', () => ready(world, 'Service', 'orders').status === 'True')
  expect((await world.call('orders.localhost')).revision).toBe('orders-00002')
})

test('a revision of a name of its own keeps to the rule of names', async () => {
  const world = await createWorld([])
  await world.serving.deploy(service('orders', { name: 'orders-blue' }))
  expect(revisions(world)).toEqual(['orders-blue'])
  const kept = service('orders', { name: 'orders-blue', ...two })
  expect(() => world.serving.apply(kept)).toThrow(ManifestError)
  expect(() => world.serving.apply(kept)).toThrow(
    'spec.template.metadata.name: Saw the following changes without a name change (-old +new)',
  )
  await world.serving.deploy(service('orders', { name: 'orders-green', ...two }))
  // Back to a template that has its revision still: no new one.
  world.serving.apply(service('orders', { name: 'orders-blue' }))
  expect(revisions(world)).toEqual(['orders-blue', 'orders-green'])
  expect((await world.call('orders.localhost')).revision).toBe('orders-blue')
  // The name is that of another template.
  world.serving.apply(service('orders', { name: 'orders-green', ...three }))
  expect(ready(world, 'Configuration', 'orders')).toMatchObject({
    status: 'False',
    reason: 'RevisionFailed',
    message:
      'Revision creation failed with message: revisions.serving.knative.dev "orders-green" already exists.',
  })
  expect(ready(world, 'Service', 'orders')).toMatchObject({
    reason: 'RevisionNameTaken',
    message:
      'The revision name "orders-green" is taken by a conflicting Revision, so traffic will not be migrated',
  })
  expect((await world.call('orders.localhost')).revision).toBe('orders-blue')
})

test('a Service may neither take nor route to the revision of another', async () => {
  const world = await createWorld([])
  await world.serving.deploy(service('orders', { name: 'orders-new-1' }))
  world.serving.apply(service('orders-new', { name: 'orders-new-1' }))
  expect(ready(world, 'Service', 'orders-new').reason).toBe('RevisionNameTaken')
  const traffic = [{ revisionName: 'orders-new-1', latestRevision: false, percent: 100 }]
  world.serving.apply(service('other', {}, { traffic }))
  expect(ready(world, 'Service', 'other').reason).toBe('RevisionNotOwned')
})

test('a target that does not exist leaves the traffic where it was', async () => {
  const world = await createWorld([])
  await world.serving.deploy(service('orders'))
  const traffic = [{ revisionName: 'orders-00009', latestRevision: false, percent: 100 }]
  world.serving.apply(service('orders', {}, { traffic }))
  expect(ready(world, 'Service', 'orders')).toMatchObject({
    status: 'False',
    reason: 'RevisionMissing',
    message: 'Revision "orders-00009" referenced in traffic not found.',
  })
  expect((await world.call('orders.localhost')).revision).toBe('orders-00001')
})

test('a pinned Service makes new revisions without routing to them, and a tag makes one visible', async () => {
  const world = await createWorld([])
  await world.serving.deploy(service('orders'))
  const pinned = { revisionName: 'orders-00001', latestRevision: false, percent: 100 }
  await world.serving.deploy(service('orders', two, { traffic: [pinned] }))
  expect((await world.call('orders.localhost')).revision).toBe('orders-00001')
  const labels = find(world, 'Revision', 'orders-00002')?.metadata.labels
  expect(labels?.['serving.knative.dev/routingState']).toBe('pending')
  const dark = { latestRevision: true, percent: 0, tag: 'next' }
  world.serving.apply(service('orders', two, { traffic: [pinned, dark] }))
  expect((await world.call('orders.localhost')).revision).toBe('orders-00001')
  expect((await world.call('next-orders.localhost')).revision).toBe('orders-00002')
})

test('requests are shared by percent', async () => {
  const world = await createWorld([])
  await world.serving.deploy(service('orders'))
  const traffic = [
    { revisionName: 'orders-00001', latestRevision: false, percent: 50 },
    { latestRevision: true, percent: 50 },
  ]
  await world.serving.deploy(service('orders', two, { traffic }))
  const answers = await Promise.all(
    Array.from({ length: 200 }, () => world.call('orders.localhost')),
  )
  const old = answers.filter(({ revision }) => revision === 'orders-00001').length
  // 200 throws of a coin: six standard deviations.
  expect(old).toBeGreaterThan(57)
  expect(old).toBeLessThan(143)
})

test('a rollout moves traffic step by step on the clock, and the old revision serves until its end', async () => {
  const annotations = { 'serving.knative.dev/rollout-duration': '100s' }
  const world = await createWorld([])
  await world.serving.deploy(service('orders', {}, { annotations }))
  await world.serving.deploy(service('orders', two, { annotations }))
  const traffic = (): unknown => find(world, 'Service', 'orders')?.status?.traffic
  expect(traffic()).toEqual([
    { revisionName: 'orders-00001', latestRevision: true, percent: 99 },
    { revisionName: 'orders-00002', latestRevision: true, percent: 1 },
  ])
  expect(ready(world, 'Service', 'orders')).toMatchObject({
    status: 'Unknown',
    reason: 'RolloutInProgress',
    message: 'A gradual rollout of the latest revision(s) is in progress.',
  })
  await world.clock.advance(49_500)
  expect(traffic()).toEqual([
    { revisionName: 'orders-00001', latestRevision: true, percent: 50 },
    { revisionName: 'orders-00002', latestRevision: true, percent: 50 },
  ])
  await world.clock.advance(50_500)
  expect(traffic()).toEqual([{ revisionName: 'orders-00002', latestRevision: true, percent: 100 }])
  expect(ready(world, 'Service', 'orders').status).toBe('True')
})

test('a removed Service finishes what runs and answers nothing more, and its processes end', async () => {
  const world = await createWorld([service('orders')])
  const { json } = await world.call('orders.localhost')
  const slow = world.call('orders.localhost', '/?ms=400')
  await until('in flight', () => world.serving.status()[0]?.inFlight === 1)
  expect(world.serving.remove('Service', 'test', 'orders')).toBe(true)
  expect(world.serving.remove('Service', 'test', 'orders')).toBe(false)
  expect(world.serving.objects()).toEqual([])
  expect((await world.call('orders.localhost')).status).not.toBe(200)
  expect(await slow).toMatchObject({ status: 200, revision: 'orders-00001' })
  await until('ended', () => !isAlive(Number(json.pid)))
})

test('a request that waits for a cold start is served although its Service was removed', async () => {
  const world = await createWorld([service('orders', { vars: { START_MS: '300' } })])
  const held = world.call('orders.localhost')
  await until('held', () => world.serving.status()[0]?.queued === 1)
  world.serving.remove('Service', 'test', 'orders')
  expect((await held).status).toBe(200)
})

test('the latest revision is made again when it is deleted, an older one is gone', async () => {
  const world = await createWorld([])
  await world.serving.deploy(service('orders'))
  await world.serving.deploy(service('orders', two))
  const before = find(world, 'Revision', 'orders-00002')?.metadata.uid
  expect(world.serving.remove('Revision', 'test', 'orders-00001')).toBe(true)
  expect(revisions(world)).toEqual(['orders-00002'])
  world.serving.remove('Revision', 'test', 'orders-00002')
  expect(find(world, 'Revision', 'orders-00002')?.metadata.uid).not.toBe(before)
  await until('ready', () => ready(world, 'Service', 'orders').status === 'True')
  expect((await world.call('orders.localhost')).status).toBe(200)
  expect(world.serving.remove('Revision', 'test', 'orders-00001')).toBe(false)
})

test('revisions that nobody routes to are collected by age, those kept by annotation stay', async () => {
  const config = {
    ...DEFAULT_CLUSTER_CONFIG,
    gc: { ...DEFAULT_CLUSTER_CONFIG.gc, minNonActive: 1 },
  }
  const world = await createWorld([], { config })
  const kept = { annotations: { 'serving.knative.dev/no-gc': 'true' } }
  await world.serving.deploy(service('orders', kept))
  for (const GREETING of ['2', '3', '4']) {
    await world.clock.advance(1_000)
    await world.serving.deploy(service('orders', { vars: { GREETING } }))
  }
  await world.clock.advance(2_000)
  expect(revisions(world)).toHaveLength(4)
  // A day at a time: each two seconds are a decision of the autoscaler.
  await world.clock.advance(15 * HOUR_MS)
  expect(revisions(world)).toHaveLength(4)
  await world.clock.advance(33 * HOUR_MS)
  expect(revisions(world)).toEqual(['orders-00001', 'orders-00003', 'orders-00004'])
}, 30_000)

test("the operator's ConfigMaps hold where a template says nothing", async () => {
  const config = readClusterConfig([
    {
      file: 'config.yaml',
      line: 1,
      namespace: 'knative-serving',
      name: 'config-autoscaler',
      data: { 'min-scale': '2', 'enable-scale-to-zero': 'false' },
    },
  ])
  const world = await createWorld([service('orders')], { config })
  await until('two', () => world.serving.status()[0]?.replicas.ready === 2)
})

test('limits of the operator are kept, and what is refused leaves nothing behind', async () => {
  const config = readClusterConfig([
    {
      file: 'config.yaml',
      line: 1,
      namespace: 'knative-serving',
      name: 'config-autoscaler',
      data: { 'max-scale-limit': '5' },
    },
  ])
  const world = await createWorld([], { config })
  const asked = (key: string, value: string) =>
    service('orders', { annotations: { [`autoscaling.knative.dev/${key}`]: value } })
  expect(() => world.serving.apply(asked('max-scale', '6'))).toThrow('expected 1 <= 6 <= 5')
  expect(() => world.serving.apply(asked('max-scale', '0'))).toThrow(
    'max-scale=0 (unlimited), must be less than 5',
  )
  expect(() => world.serving.apply(asked('initial-scale', '0'))).toThrow(
    'spec.template.metadata.annotations.autoscaling.knative.dev/initial-scale=0 not allowed by cluster: invalid value: 0',
  )
  expect(world.serving.objects()).toEqual([])
})

test('an initial scale of zero, where it is allowed, is ready without proof', async () => {
  const config = readClusterConfig([
    {
      file: 'config.yaml',
      line: 1,
      namespace: 'knative-serving',
      name: 'config-autoscaler',
      data: { 'allow-zero-initial-scale': 'true', 'initial-scale': '0' },
    },
  ])
  const world = await createWorld([], { config })
  const status = await world.serving.deploy(service('orders'))
  expect(status).toMatchObject({ name: 'orders-00001', ready: 0 })
  expect((await world.call('orders.localhost')).status).toBe(200)
})

test('who waits for a Service that is deleted is told', async () => {
  const world = await createWorld([])
  const waiting = world.serving.deploy(service('orders', { vars: { START_MS: '60000' } }))
  const told = expect(waiting).rejects.toThrow('orders was deleted')
  await until('created', () => revisions(world).length === 1)
  world.serving.remove('Service', 'test', 'orders')
  await told
})

test('a revision without traffic stays for the stable window, then goes although it has a lower bound', async () => {
  const world = await createWorld([])
  const annotations = { 'autoscaling.knative.dev/min-scale': '1' }
  await world.serving.deploy(service('orders', { annotations }))
  const { json } = await world.call('orders.localhost')
  await world.serving.deploy(service('orders', two))
  const old = () =>
    world.serving.status()[0]?.revisions.find(({ name }) => name === 'orders-00001')?.ready
  await world.clock.advance(50_000)
  expect(old()).toBe(1)
  await world.clock.advance(60_000)
  expect(old()).toBe(0)
  await until('ended', () => !isAlive(Number(json.pid)))
})

test('a revision that was replaced before it came up is proved when traffic is sent to it', async () => {
  const world = await createWorld([])
  await world.serving.deploy(service('orders'))
  world.serving.apply(service('orders', { vars: { START_MS: '300' } }))
  await world.serving.deploy(service('orders', two))
  await until('stopped', () => world.serving.status()[0]?.replicas.starting === 0)
  expect(ready(world, 'Revision', 'orders-00002').status).toBe('Unknown')
  const traffic = [{ revisionName: 'orders-00002', latestRevision: false, percent: 100 }]
  world.serving.apply(service('orders', two, { traffic }))
  await until('proved', () => ready(world, 'Revision', 'orders-00002').status === 'True')
  expect((await world.call('orders.localhost')).revision).toBe('orders-00002')
})

test('a revision that is deleted while it is rolled out of leaves its share to the new one', async () => {
  const annotations = { 'serving.knative.dev/rollout-duration': '100s' }
  const world = await createWorld([])
  await world.serving.deploy(service('orders', {}, { annotations }))
  await world.serving.deploy(service('orders', two, { annotations }))
  expect(world.serving.remove('Revision', 'test', 'orders-00001')).toBe(true)
  expect(find(world, 'Service', 'orders')?.status?.traffic).toEqual([
    { revisionName: 'orders-00002', latestRevision: true, percent: 100 },
  ])
  expect((await world.call('orders.localhost')).revision).toBe('orders-00002')
})
