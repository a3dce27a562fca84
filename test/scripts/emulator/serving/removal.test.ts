/** Services and revisions that go while they are used. */
import { expect, test } from 'vitest'
import { find, ready, revisions } from './objects.fixture.ts'
import { createWorld, isAlive, service, until } from './world.ts'

const two = { vars: { GREETING: 'two' } }

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
