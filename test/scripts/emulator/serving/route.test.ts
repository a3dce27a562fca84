/** Where traffic goes: pinned, shared, tagged, rolled out. */
import { expect, test } from 'vitest'
import { find, ready } from './objects.fixture.ts'
import { createWorld, service } from './world.ts'

const two = { vars: { GREETING: 'two' } }

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
