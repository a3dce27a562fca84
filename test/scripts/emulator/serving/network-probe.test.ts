/** The probes that the network layer sends to see who is in the path. */
import { expect, test } from 'vitest'
import { send } from './http-client.ts'
import { createWorld, service } from './world.ts'

test('a probe of the network is answered in the place of the function, and is no request of it', async () => {
  const annotations = { 'autoscaling.knative.dev/target-burst-capacity': '0' }
  const world = await createWorld([service('orders', { annotations })])
  const probe = async (value: string, more: Record<string, string> = {}) => {
    const { status, text } = await send(world, { headers: { 'k-network-probe': value, ...more } })
    return [status, text]
  }
  expect(await probe('activator')).toEqual([200, 'activator'])
  expect(await probe('queue')).toEqual([400, 'unexpected probe header value: "queue"\n'])
  expect(world.serving.status()[0]).toMatchObject({ replicas: { starting: 0, ready: 0 } })
  await world.call('orders.localhost')
  await world.clock.advance(2_000)
  expect(await probe('queue')).toEqual([200, 'queue'])
  expect(await probe('activator')).toEqual([400, 'unexpected probe header value: "activator"\n'])
  expect(await probe('probe')).toEqual([
    400,
    'a probe request must contain a non-empty "K-Network-Hash" header\n',
  ])
  const hashed = await send(world, {
    headers: { 'k-network-probe': 'probe', 'k-network-hash': 'abc' },
  })
  expect([hashed.status, hashed.headers['k-network-hash']]).toEqual([200, 'abc'])
  expect(world.serving.status()[0]?.requests).toBe(1)
})
