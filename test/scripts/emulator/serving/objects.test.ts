import { expect, test } from 'vitest'
import type { KubeObject } from '../../../../scripts/emulator/control/object.ts'
import { createWorld, service, until, type World } from './world.ts'

const find = (world: World, kind: string, name: string): KubeObject | undefined =>
  world.serving.objects().find(object => object.kind === kind && object.metadata.name === name)

const status = (world: World, kind: string, name: string): Record<string, unknown> =>
  find(world, kind, name)?.status ?? {}

function condition(
  world: World,
  kind: string,
  name: string,
  type: string,
): Record<string, unknown> | undefined {
  const conditions = find(world, kind, name)?.status?.conditions ?? []
  const found = conditions.find(each => each.type === type)
  if (!found) return undefined
  const { lastTransitionTime, ...rest } = found
  expect(lastTransitionTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  return rest
}

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
  await until('ready', () => condition(world, 'Service', 'orders', 'Ready')?.status === 'True')
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
  expect(condition(world, 'Service', 'orders', 'Ready')?.status).toBe('True')
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
  expect(condition(world, 'Service', 'orders', 'Ready')?.status).toBe('Unknown')
  expect(status(world, 'Service', 'orders')).not.toHaveProperty('latestReadyRevisionName')
  await until('ready', () => condition(world, 'Service', 'orders', 'Ready')?.status === 'True')
  expect(status(world, 'Service', 'orders').latestReadyRevisionName).toBe('orders-00001')
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

test('a failed revision says why at every level, and the one before it keeps the traffic', async () => {
  const world = await createWorld([])
  await world.serving.deploy(service('orders'))
  world.serving.apply(service('orders', { script: 'crash' }))
  await until('failed', () => condition(world, 'Service', 'orders', 'Ready')?.status === 'False')
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
  await until('missing', () => condition(world, 'Service', 'orders', 'Ready')?.status === 'False')
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
  expect(condition(world, 'Revision', 'orders-00001', 'Ready')?.status).toBe('Unknown')
  await world.clock.advance(1_000)
  expect(condition(world, 'Revision', 'orders-00001', 'ResourcesAvailable')).toEqual({
    type: 'ResourcesAvailable',
    status: 'False',
    reason: 'ProgressDeadlineExceeded',
    message: 'Initial scale was never achieved',
  })
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
  await until('ready', () => condition(world, 'Service', 'orders', 'Ready')?.status === 'True')
  expect(told).toBeGreaterThan(1)
  stop()
  const before = told
  world.serving.remove('Service', 'test', 'orders')
  await Promise.resolve()
  expect(told).toBe(before)
})
