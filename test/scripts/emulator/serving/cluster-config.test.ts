/** What the operator's ConfigMaps allow and preset. */
import { expect, test } from 'vitest'
import type { ClusterConfig } from '../../../../scripts/emulator/serving/cluster-config.ts'
import { readClusterConfig } from '../../../../scripts/emulator/serving/read-cluster-config.ts'
import { createWorld, service, until } from './world.ts'

test("the operator's ConfigMaps hold where a template says nothing", async () => {
  const config = autoscalerConfig({ 'min-scale': '2', 'enable-scale-to-zero': 'false' })
  const world = await createWorld([service('orders')], { config })
  await until('two', () => world.serving.status()[0]?.replicas.ready === 2)
})

test('limits of the operator are kept, and what is refused leaves nothing behind', async () => {
  const config = autoscalerConfig({ 'max-scale-limit': '5' })
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
  const config = autoscalerConfig({ 'allow-zero-initial-scale': 'true', 'initial-scale': '0' })
  const world = await createWorld([], { config })
  const status = await world.serving.deploy(service('orders'))
  expect(status).toMatchObject({ name: 'orders-00001', ready: 0 })
  expect((await world.call('orders.localhost')).status).toBe(200)
})

function autoscalerConfig(data: Record<string, string>): ClusterConfig {
  const place = { namespace: 'knative-serving', name: 'config-autoscaler' }
  return readClusterConfig([{ file: 'config.yaml', line: 1, ...place, data }])
}
