/** When objects are Ready, and why they are not. */
import { expect, test } from 'vitest'
import { condition, find, ready, status } from './objects.fixture.ts'
import { createWorld, service, until } from './world.ts'

test('a Service that was just applied is Unknown and not reachable, and Ready when its revision is', async () => {
  const world = await createWorld([])
  world.serving.apply(service('orders'))
  expect(condition(world, 'Service', 'orders', 'Ready')).toEqual({
    type: 'Ready',
    status: 'Unknown',
    reason: 'RevisionMissing',
    message: 'Configuration "orders" is waiting for a Revision to become ready.',
  })
  expect(condition(world, 'Revision', 'orders-00001', 'Ready')).toEqual({
    type: 'Ready',
    status: 'Unknown',
    reason: 'Deploying',
    message: 'The initial scale is not reached yet.',
  })
  expect(condition(world, 'Revision', 'orders-00001', 'Active')).toEqual({
    type: 'Active',
    status: 'Unknown',
    severity: 'Info',
    reason: 'Queued',
    message: 'Requests to the target are being buffered as resources are provisioned.',
  })
  expect((await world.call('orders.localhost')).status).toBe(404)
  await until('ready', () => ready(world, 'Service', 'orders').status === 'True')
  const port = new URL(world.ingress.url).port
  expect(status(world, 'Service', 'orders')).toMatchObject({
    observedGeneration: 1,
    url: `http://orders.test.localhost:${port}`,
    address: { url: 'http://orders.test.svc.cluster.local' },
    latestCreatedRevisionName: 'orders-00001',
    latestReadyRevisionName: 'orders-00001',
    traffic: [{ revisionName: 'orders-00001', latestRevision: true, percent: 100 }],
  })
  expect(find(world, 'Service', 'orders')?.status?.conditions?.map(each => each.type)).toEqual([
    'ConfigurationsReady',
    'Ready',
    'RoutesReady',
  ])
  await world.clock.advance(2_000)
  expect(status(world, 'Revision', 'orders-00001')).toMatchObject({
    actualReplicas: 1,
    desiredReplicas: 1,
    containerStatuses: [{ name: 'user-container', imageDigest: 'registry.test/hello' }],
  })
  expect(condition(world, 'Revision', 'orders-00001', 'Active')?.status).toBe('True')
  expect((await world.call('orders.localhost')).status).toBe(200)
})

test('what the start adopts is Ready without proof, at zero, as with initial scale 0 on a cluster', async () => {
  const world = await createWorld([service('orders')])
  expect(ready(world, 'Service', 'orders').status).toBe('True')
  expect(condition(world, 'Revision', 'orders-00001', 'Active')).toMatchObject({
    status: 'False',
    reason: 'NoTraffic',
    message: 'The target is not receiving traffic.',
  })
  expect(status(world, 'Revision', 'orders-00001')).toMatchObject({ actualReplicas: 0 })
})

test('an adopted Service that must have replicas is Unknown until it has them', async () => {
  const annotations = { 'autoscaling.knative.dev/min-scale': '1' }
  const world = await createWorld([service('orders', { annotations })])
  expect(ready(world, 'Service', 'orders').status).toBe('Unknown')
  expect(status(world, 'Service', 'orders')).not.toHaveProperty('latestReadyRevisionName')
  await until('ready', () => ready(world, 'Service', 'orders').status === 'True')
  expect(status(world, 'Service', 'orders').latestReadyRevisionName).toBe('orders-00001')
})

test('a failed revision says why at every level, and the one before it keeps the traffic', async () => {
  const world = await createWorld([])
  await world.serving.deploy(service('orders'))
  world.serving.apply(service('orders', { script: 'crash' }))
  await until('failed', () => ready(world, 'Service', 'orders').status === 'False')
  const revision = condition(world, 'Revision', 'orders-00002', 'ContainerHealthy')
  expect(revision).toMatchObject({ status: 'False', reason: 'ExitCode7' })
  expect(revision?.message).toMatch(/^Container failed with: [\s\S]*cannot start: no config/)
  expect(condition(world, 'Configuration', 'orders', 'Ready')).toMatchObject({
    reason: 'RevisionFailed',
    message: expect.stringMatching(
      /^Revision "orders-00002" failed with message: Container failed with: [\s\S]*\.$/,
    ),
  })
  expect(condition(world, 'Service', 'orders', 'ConfigurationsReady')?.status).toBe('False')
  expect(condition(world, 'Service', 'orders', 'RoutesReady')?.status).toBe('True')
  expect(status(world, 'Service', 'orders')).toMatchObject({
    latestCreatedRevisionName: 'orders-00002',
    latestReadyRevisionName: 'orders-00001',
  })
  expect((await world.call('orders.localhost')).revision).toBe('orders-00001')
})

test('a build that cannot be had is ContainerMissing', async () => {
  const world = await createWorld([], {
    resolveCommand: () => Promise.reject(new Error('no functions/orders')),
  })
  await expect(world.serving.deploy(service('orders'))).rejects.toThrow('no functions/orders')
  await until('missing', () => ready(world, 'Service', 'orders').status === 'False')
  expect(condition(world, 'Revision', 'orders-00001', 'ContainerHealthy')).toMatchObject({
    reason: 'ContainerMissing',
    message: 'Unable to fetch image "registry.test/hello": no functions/orders',
  })
  expect(condition(world, 'Route', 'orders', 'AllTrafficAssigned')).toMatchObject({
    status: 'False',
    message: 'Configuration "orders" does not have any ready Revision.',
  })
})

test('a revision that never comes up fails when the progress deadline is over', async () => {
  const world = await createWorld([])
  world.serving.apply(service('orders', { vars: { START_MS: '60000' } }))
  await world.clock.advance(599_000)
  expect(ready(world, 'Revision', 'orders-00001').status).toBe('Unknown')
  await world.clock.advance(1_000)
  expect(condition(world, 'Revision', 'orders-00001', 'ResourcesAvailable')).toEqual({
    type: 'ResourcesAvailable',
    status: 'False',
    reason: 'ProgressDeadlineExceeded',
    message: 'Initial scale was never achieved',
  })
})
