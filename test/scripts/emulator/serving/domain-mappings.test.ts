import { expect, test } from 'vitest'
import { ManifestError } from '../../../../scripts/emulator/manifests/manifest-error.ts'
import type { OtherResource } from '../../../../scripts/emulator/manifests/types.ts'
import { createWorld, service, type World } from './world.ts'

const API_VERSION = 'serving.knative.dev/v1beta1'

function mapping(
  name: string,
  ref: Record<string, unknown> = {},
  namespace: string = 'test',
): OtherResource {
  const document = {
    apiVersion: API_VERSION,
    kind: 'DomainMapping',
    metadata: { name, namespace },
    spec: {
      ref: { apiVersion: 'serving.knative.dev/v1', kind: 'Service', name: 'orders', ...ref },
    },
  }
  const { kind } = document
  return { file: 'a.yaml', line: 1, apiVersion: API_VERSION, kind, name, namespace, document }
}

const ready = (world: World, namespace: string = 'test') =>
  world.serving
    .objects()
    .find(({ kind, metadata }) => kind === 'DomainMapping' && metadata.namespace === namespace)
    ?.status?.conditions?.find(({ type }) => type === 'Ready')

test('a host of its own leads to the Service, until the mapping is deleted', async () => {
  const world = await createWorld([service('orders')])
  world.serving.mapDomain(mapping('shop.example.com'))
  expect(ready(world)?.status).toBe('True')
  const { port } = new URL(world.ingress.url)
  const shown = world.serving.objects().find(({ kind }) => kind === 'DomainMapping')
  expect(shown?.status).toMatchObject({ url: `http://shop.example.com:${port}` })
  expect((await world.call('shop.example.com')).revision).toBe('orders-00001')
  expect(world.serving.remove('DomainMapping', 'test', 'shop.example.com')).toBe(true)
  expect(world.serving.owns('shop.example.com')).toBe(false)
})

test('a mapping waits for its Service', async () => {
  const world = await createWorld([])
  world.serving.mapDomain(mapping('shop.example.com'))
  expect(ready(world)).toMatchObject({
    status: 'False',
    reason: 'ResolveFailed',
    message: 'services.serving.knative.dev "orders" not found',
  })
  expect((await world.call('shop.example.com')).status).toBe(404)
  world.serving.apply(service('orders'), { adopt: true })
  expect(ready(world)?.status).toBe('True')
  expect((await world.call('shop.example.com')).status).toBe(200)
})

test('a host that is taken stays where it is', async () => {
  const world = await createWorld([service('orders')])
  world.serving.mapDomain(mapping('shop.example.com'))
  world.serving.mapDomain(mapping('shop.example.com', {}, 'other'))
  expect(ready(world, 'other')).toMatchObject({ status: 'False' })
  expect((await world.call('shop.example.com')).status).toBe(200)
})

test.each([
  ['no name', mapping('a.example.com', { name: '' }), 'spec.ref.name: missing field(s)'],
  ['another kind', mapping('a.example.com', { kind: 'Route' }), 'spec.ref: the emulator maps'],
  [
    'another namespace',
    mapping('a.example.com', { namespace: 'x' }),
    'spec.ref.namespace: mapping',
  ],
  ['a name of the cluster', mapping('a.b.svc.cluster.local'), 'metadata.name: invalid name'],
  ['an odd host', mapping('A_b.example.com'), 'metadata.name: invalid value: A_b.example.com'],
])('a mapping with %s is refused', async (_name, resource, message) => {
  const world = await createWorld([])
  expect(() => world.serving.mapDomain(resource)).toThrow(ManifestError)
  expect(() => world.serving.mapDomain(resource)).toThrow(message)
})
