/** The objects that a Service makes, as they are shown. */
import { expect, test } from 'vitest'
import { condition, find, ready, status } from './objects.fixture.ts'
import { createWorld, service, until } from './world.ts'

test('a Service makes a Configuration, a Route and a Revision, each owned by the one above', async () => {
  const world = await createWorld([])
  world.serving.apply(
    service(
      'orders',
      { annotations: { a: 'template' } },
      { labels: { team: 'shop' }, annotations: { 'serving.knative.dev/rollout-duration': '5s' } },
    ),
  )
  const owner = find(world, 'Service', 'orders')
  const configuration = find(world, 'Configuration', 'orders')
  const route = find(world, 'Route', 'orders')
  const revision = find(world, 'Revision', 'orders-00001')
  const serviceRef = {
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Service',
    name: 'orders',
    uid: owner?.metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  }
  expect(configuration?.metadata.ownerReferences).toEqual([serviceRef])
  expect(route?.metadata.ownerReferences).toEqual([serviceRef])
  expect(revision?.metadata.ownerReferences?.[0]).toMatchObject({
    kind: 'Configuration',
    uid: configuration?.metadata.uid,
  })
  expect(configuration?.metadata.labels).toEqual({
    team: 'shop',
    'serving.knative.dev/service': 'orders',
    'serving.knative.dev/serviceUID': owner?.metadata.uid,
  })
  expect(route?.metadata.labels).toEqual({
    team: 'shop',
    'serving.knative.dev/service': 'orders',
  })
  expect(configuration?.metadata.annotations).not.toHaveProperty(
    'serving.knative.dev/rollout-duration',
  )
  expect(route?.metadata.annotations).toHaveProperty('serving.knative.dev/rollout-duration', '5s')
  expect(revision?.metadata.labels).toEqual({
    'serving.knative.dev/configuration': 'orders',
    'serving.knative.dev/configurationGeneration': '1',
    'serving.knative.dev/configurationUID': configuration?.metadata.uid,
    'serving.knative.dev/routingState': 'active',
    'serving.knative.dev/service': 'orders',
    'serving.knative.dev/serviceUID': owner?.metadata.uid,
  })
  expect(revision?.metadata.annotations).toMatchObject({
    a: 'template',
    'serving.knative.dev/routes': 'orders',
  })
})

test('specs are shown with the defaults of the webhook', async () => {
  const world = await createWorld([])
  world.serving.apply(service('orders', { timeoutSeconds: 300 }))
  expect(find(world, 'Service', 'orders')?.spec).toEqual({
    template: {
      spec: {
        containerConcurrency: 0,
        containers: [
          {
            name: 'user-container',
            image: 'registry.test/hello',
            readinessProbe: { successThreshold: 1, tcpSocket: { port: 0 } },
            resources: {},
          },
        ],
        enableServiceLinks: false,
        timeoutSeconds: 300,
      },
    },
    traffic: [{ latestRevision: true, percent: 100 }],
  })
  expect(find(world, 'Route', 'orders')?.spec?.traffic).toEqual([
    { configurationName: 'orders', latestRevision: true, percent: 100 },
  ])
})

test('the environment is shown as it holds, with what a SinkBinding put in', async () => {
  const document = {
    spec: {
      template: { spec: { containers: [{ image: 'a', env: [{ name: 'A', value: 'b' }] }] } },
    },
  }
  const world = await createWorld([])
  const bound = service('orders', {
    env: [
      { name: 'A', value: 'b' },
      { name: 'K_SINK', value: 'http://sink.test' },
      { name: 'S', secret: { name: 's', key: 'k', optional: false } },
    ],
  })
  world.serving.apply({ ...bound, document })
  expect(find(world, 'Revision', 'orders-00001')?.spec?.containers).toEqual([
    {
      name: 'user-container',
      image: 'a',
      env: [
        { name: 'A', value: 'b' },
        { name: 'K_SINK', value: 'http://sink.test' },
        { name: 'S', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
      ],
      readinessProbe: { successThreshold: 1, tcpSocket: { port: 0 } },
      resources: {},
    },
  ])
})

test('the PodAutoscaler and its ServerlessService tell scale, reachability and who is in the path', async () => {
  const world = await createWorld([
    service('orders', { annotations: { 'autoscaling.knative.dev/target-burst-capacity': '0' } }),
  ])
  expect(find(world, 'ServerlessService', 'orders-00001')?.spec?.mode).toBe('Proxy')
  await world.call('orders.localhost')
  const slow = world.call('orders.localhost', '/?ms=300')
  await until('in flight', () => world.serving.status()[0]?.inFlight === 1)
  await world.clock.advance(4_000)
  expect(find(world, 'ServerlessService', 'orders-00001')?.spec?.mode).toBe('Serve')
  expect(find(world, 'PodAutoscaler', 'orders-00001')).toMatchObject({
    spec: { reachability: 'Reachable', containerConcurrency: 0, protocolType: 'http1' },
    status: { actualScale: 1, desiredScale: 1 },
  })
  expect(condition(world, 'PodAutoscaler', 'orders-00001', 'Active')?.status).toBe('True')
  await slow
})

test('a generation rises with the spec, the name of a revision with the template only', async () => {
  const world = await createWorld([])
  await world.serving.deploy(service('orders'))
  const tagged = [{ latestRevision: true, percent: 100, tag: 'now' }]
  world.serving.apply(service('orders', {}, { traffic: tagged, labels: { a: 'b' } }))
  expect(find(world, 'Service', 'orders')?.metadata.generation).toBe(2)
  expect(find(world, 'Configuration', 'orders')?.metadata.generation).toBe(1)
  expect(find(world, 'Route', 'orders')?.metadata.generation).toBe(2)
  const port = new URL(world.ingress.url).port
  expect(status(world, 'Route', 'orders').traffic).toEqual([
    {
      revisionName: 'orders-00001',
      latestRevision: true,
      percent: 100,
      tag: 'now',
      url: `http://now-orders.test.localhost:${port}`,
    },
  ])
  await world.serving.deploy(service('orders', { vars: { GREETING: 'two' } }, { traffic: tagged }))
  expect(find(world, 'Service', 'orders')?.metadata.generation).toBe(3)
  expect(status(world, 'Service', 'orders').latestReadyRevisionName).toBe('orders-00002')
  const labels = find(world, 'Revision', 'orders-00001')?.metadata.labels
  expect(labels?.['serving.knative.dev/routingState']).toBe('reserve')
})

test('a cluster-local Service has no address outside', async () => {
  const labels = { 'networking.knative.dev/visibility': 'cluster-local' }
  const world = await createWorld([service('orders', {}, { labels })])
  expect(status(world, 'Service', 'orders').url).toBe('http://orders.test.svc.cluster.local')
  expect(condition(world, 'Route', 'orders', 'CertificateProvisioned')).toMatchObject({
    status: 'True',
    reason: 'TLSNotEnabled',
    message: 'TLS is not enabled for cluster-local',
  })
  expect((await world.call('orders.test.localhost')).status).toBe(404)
  expect((await world.call('orders.test.svc.cluster.local')).status).toBe(200)
  world.serving.apply(service('orders'))
  expect((await world.call('orders.test.localhost')).status).toBe(200)
})

test('changes are told, those that come together once', async () => {
  const world = await createWorld([])
  let told = 0
  const stop = world.serving.onChange(() => told++)
  world.serving.apply(service('orders'))
  expect(told).toBe(0)
  await Promise.resolve()
  expect(told).toBe(1)
  await until('ready', () => ready(world, 'Service', 'orders').status === 'True')
  expect(told).toBeGreaterThan(1)
  stop()
  const before = told
  world.serving.remove('Service', 'test', 'orders')
  await Promise.resolve()
  expect(told).toBe(before)
})
