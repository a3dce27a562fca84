/** The three limits of time of a revision, with their codes and words. */
import { expect, onTestFinished, test } from 'vitest'
import { open, send, switched } from './http-client.ts'
import { createWorld, service, until } from './world.ts'

test('responseStartTimeoutSeconds ends a silent request, but not one that has begun to answer', async () => {
  const world = await createWorld([service('orders', { responseStartTimeoutSeconds: 1 })])
  await world.call('orders.localhost')
  const [silent, begun] = await Promise.all([
    send(world, { path: '/hang' }),
    send(world, { path: '/stream?ms=1400' }),
  ])
  expect([silent.status, silent.text]).toEqual([504, 'activator request timeout'])
  expect(begun.text).toContain('data: last')
})

test('idleTimeoutSeconds ends a stream that went silent, with the text of it', async () => {
  const world = await createWorld([service('orders', { idleTimeoutSeconds: 1 })])
  await world.call('orders.localhost')
  const { status, text } = await send(world, { path: '/stream?ms=10000' })
  expect([status, text]).toEqual([200, 'data: first\n\nactivator request timeout'])
})

test('a stream that keeps talking outlives idleTimeoutSeconds, but not timeoutSeconds', async () => {
  const world = await createWorld([
    service('orders', { idleTimeoutSeconds: 1, timeoutSeconds: 2, vars: { DRIP_MS: '200' } }),
  ])
  await world.call('orders.localhost')
  const { text } = await send(world, { path: '/drip' })
  expect(text).toMatch(/^(drip ){7,10}activator request timeout$/)
})

test('a timeout after the length was said breaks the answer off', async () => {
  const world = await createWorld([service('orders', { timeoutSeconds: 1 })])
  await expect(send(world, { path: '/half?ms=20000' })).rejects.toThrow('aborted')
})

test('a request that waits for a free slot gets 504 when its time is over, and leaves the queue', async () => {
  const world = await createWorld([
    service('orders', {
      containerConcurrency: 1,
      responseStartTimeoutSeconds: 1,
      annotations: { 'autoscaling.knative.dev/max-scale': '1' },
    }),
  ])
  await world.call('orders.localhost')
  const running = await open(world, '/quiet')
  const waiting = send(world, {})
  await until('queued', () => world.serving.status()[0]?.queued === 1)
  const { status, text } = await waiting
  expect([status, text]).toEqual([504, 'activator request timeout'])
  expect(world.serving.status()[0]?.queued).toBe(0)
  running.destroy()
})

test('out of the path, the activator neither speaks nor shows itself', async () => {
  const annotations = { 'autoscaling.knative.dev/target-burst-capacity': '0' }
  const world = await createWorld([service('orders', { timeoutSeconds: 1, annotations })])
  const cold = await send(world, {})
  expect(cold.json.headers).toMatchObject({ 'k-proxy-request': 'activator' })
  await world.clock.advance(2_000)
  const warm = await send(world, {})
  expect(warm.json.headers).not.toHaveProperty('k-proxy-request')
  const late = await send(world, { path: '/hang' })
  expect([late.status, late.text]).toEqual([504, 'request timeout'])
})

test('the time that a request was held for counts, and then the activator speaks', async () => {
  const world = await createWorld([
    service('orders', { responseStartTimeoutSeconds: 1, vars: { START_MS: '60000' } }),
  ])
  const { status, text } = await send(world, {})
  expect([status, text]).toEqual([504, 'activator request timeout'])
})

test('a switched connection ends with the timeout of its revision, whatever it says', async () => {
  const world = await createWorld([service('orders', { timeoutSeconds: 1 })])
  const { socket } = await switched(world)
  const talk = setInterval(() => socket.write('still here'), 100)
  onTestFinished(() => clearInterval(talk))
  await until('closed', () => socket.destroyed)
  await until('freed', () => world.serving.status()[0]?.inFlight === 0)
})
