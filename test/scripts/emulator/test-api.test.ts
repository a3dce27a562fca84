/** The emulator as a test fixture: manifests and handlers in, deliveries out. */
import { expect, test } from 'vitest'
import { BROKER, HELLO, started, trigger } from './test-api.fixture.ts'

test('an event reaches the handler of its trigger, and is found among the deliveries', async () => {
  const seen: string[] = []
  const emulator = await started({
    manifests: [BROKER, trigger('orders')],
    handlers: {
      orders: async request => {
        seen.push(`${request.headers.get('ce-type')} ${await request.text()}`)
        return new Response(null, { status: 202 })
      },
    },
  })
  const { id } = await emulator.publish({ type: 'order.placed', data: { total: 7 } })
  await emulator.idle()
  expect(seen).toEqual(['order.placed {"total":7}'])
  expect(emulator.deliveries({ id })).toMatchObject([
    { trigger: 'shop/orders', state: 'delivered', event: { type: 'order.placed' } },
  ])
  expect(emulator.deliveries({ trigger: 'payments' })).toEqual([])
  expect(emulator.deadLetters()).toEqual([])
})

test('a function is asked by its name, a process or a handler alike', async () => {
  const emulator = await started({
    manifests: {
      apiVersion: 'serving.knative.dev/v1',
      kind: 'Service',
      metadata: {
        name: 'hello',
        namespace: 'shop',
        annotations: HELLO,
      },
      spec: {
        template: {
          spec: { containers: [{ image: 'a', env: [{ name: 'GREETING', value: 'hi' }] }] },
        },
      },
    },
    handlers: {
      echo: async request =>
        Response.json({ method: request.method, url: request.url, text: await request.text() }),
    },
  })
  const hello = await emulator.request('hello')
  expect([hello.status, await hello.json()]).toMatchObject([200, { pid: expect.any(Number) }])
  const echo = await emulator.request('echo', { path: '/a?b=c', body: { d: 1 } })
  expect(await echo.json()).toEqual({
    method: 'POST',
    url: 'http://echo.shop.svc.cluster.local/a?b=c',
    text: '{"d":1}',
  })
  const outside = await fetch(emulator.url, { headers: { host: 'echo.localhost' } })
  expect(outside.status).toBe(404)
  await expect(emulator.request('nobody')).rejects.toThrow(
    '"target" must be one of shop/hello, shop/echo, got nobody',
  )
  await emulator.idle()
})

test('objects are applied and removed while it runs', async () => {
  const types: (string | null)[] = []
  const take = (request: Request): Response => {
    types.push(request.headers.get('ce-type'))
    return new Response(null, { status: 202 })
  }
  const emulator = await started({ manifests: BROKER, handlers: { orders: take } })
  const place = { apiVersion: 'eventing.knative.dev/v1', kind: 'Trigger' }
  const applied = await emulator.apply({
    ...place,
    metadata: { name: 'late', namespace: 'shop' },
    spec: {
      broker: 'default',
      filter: { attributes: { type: 'wanted' } },
      subscriber: {
        ref: { apiVersion: 'serving.knative.dev/v1', kind: 'Service', name: 'orders' },
      },
    },
  })
  expect(applied.metadata.generation).toBe(1)
  await emulator.publish({ type: 'wanted' }, 'shop/default')
  await emulator.publish({ type: 'unwanted' })
  await emulator.idle()
  expect(types).toEqual(['wanted'])
  await emulator.remove({ ...place, name: 'late', namespace: 'shop' })
  await emulator.publish({ type: 'wanted' })
  await emulator.idle()
  expect(types).toEqual(['wanted'])
  await expect(emulator.remove({ ...place, name: 'late', namespace: 'shop' })).rejects.toThrow(
    'triggers.eventing.knative.dev "late" not found',
  )
  await expect(
    emulator.apply({ ...place, metadata: { name: 'x', namespace: 'shop' }, spec: {} }),
  ).rejects.toMatchObject({
    code: 'BadRequest',
    message: expect.stringContaining('missing field(s): spec.broker, spec.subscriber'),
  })
})

test('a function reads ConfigMaps and Secrets that were applied', async () => {
  const emulator = await started({})
  const metadata = { namespace: 'shop', name: 'words' }
  await emulator.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { a: '1' } })
  await emulator.apply({ apiVersion: 'v1', kind: 'Secret', metadata, stringData: { b: '2' } })
  const env = [
    { name: 'FROM_MAP', valueFrom: { configMapKeyRef: { name: 'words', key: 'a' } } },
    { name: 'FROM_SECRET', valueFrom: { secretKeyRef: { name: 'words', key: 'b' } } },
  ]
  const spec = { template: { spec: { containers: [{ image: 'a', env }] } } }
  const place = { apiVersion: 'serving.knative.dev/v1', kind: 'Service' }
  await emulator.apply(
    { ...place, metadata: { name: 'hello', namespace: 'shop', annotations: HELLO }, spec },
    { wait: true },
  )
  const answer = await emulator.request('hello')
  expect(answer.status).toBe(200)
  const environment = await fetch(`${emulator.url}/_emulator/environment?service=hello`, {
    headers: { authorization: `Bearer ${emulator.kubernetes.token}` },
  })
  expect(await environment.json()).toMatchObject({
    environment: { FROM_MAP: '1', FROM_SECRET: '2', K_REVISION: 'hello-00001' },
  })
})

test('an EventType of the version that kn speaks is kept and shown in both', async () => {
  const emulator = await started({ manifests: BROKER })
  const ask = async (version: string, init?: RequestInit): Promise<unknown> => {
    const group = `${emulator.kubernetes.server}/apis/eventing.knative.dev/${version}`
    const response = await fetch(`${group}/namespaces/shop/eventtypes${init ? '' : '/placed'}`, {
      headers: { 'content-type': 'application/json' },
      ...init,
    })
    return await response.json()
  }
  const older = { type: 'order.placed', source: '/shop', description: 'an order' }
  const body = JSON.stringify({
    apiVersion: 'eventing.knative.dev/v1beta2',
    kind: 'EventType',
    metadata: { name: 'placed' },
    spec: { ...older, broker: 'default' },
  })
  expect(await ask('v1beta2', { method: 'POST', body })).toMatchObject({ spec: older })
  expect(await ask('v1beta2')).toMatchObject({
    apiVersion: 'eventing.knative.dev/v1beta2',
    spec: { ...older, reference: { kind: 'Broker', name: 'default' } },
  })
  expect(await ask('v1beta3')).toMatchObject({
    apiVersion: 'eventing.knative.dev/v1beta3',
    spec: {
      attributes: [
        { name: 'type', required: true, value: 'order.placed' },
        { name: 'source', required: true, value: '/shop' },
        { name: 'specversion', required: true },
        { name: 'id', required: true },
      ],
    },
  })
})

test('what cannot be published or asked says what is wrong with it', async () => {
  const emulator = await started({ manifests: BROKER, handlers: { a: () => new Response() } })
  await expect(emulator.publish(null as never)).rejects.toThrow('"event" must be an object')
  await expect(emulator.publish({ type: 'x', Colour: 'red' })).rejects.toThrow('got Colour')
  await expect(emulator.request('a', { path: 'b' })).rejects.toThrow('"path" must begin with /')
  await expect(emulator.apply(null as never)).rejects.toThrow('must be an object')
})

test('a dry run of what is there differs in nothing from it', async () => {
  const service = {
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Service',
    metadata: { name: 'a' },
    spec: { template: { spec: { containers: [{ image: 'registry.test/a' }] } } },
  }
  const emulator = await started({ manifests: service })
  const dry = await emulator.apply(service, { dryRun: true })
  const { spec } = await emulator.apply(service)
  expect(spec).toHaveProperty('template.spec.timeoutSeconds', 300)
  expect(dry.spec).toEqual(spec)
})
