/** The emulator as a test fixture: manifests and handlers in, deliveries out. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import {
  createEmulator,
  type Emulator,
  type EmulatorOptions,
} from '../../../scripts/emulator/emulator.ts'
import { ManifestError } from '../../../scripts/emulator/manifests/manifest-error.ts'
import { temporaryDirectory } from './eventing/fixture.ts'

const BROKER = `
apiVersion: eventing.knative.dev/v1
kind: Broker
metadata: { name: default, namespace: shop }
`

const trigger = (name: string, delivery = '', spec = ''): string => `
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: { name: ${name}, namespace: shop }
spec:
  broker: default
  ${spec}
  subscriber:
    ref: { apiVersion: serving.knative.dev/v1, kind: Service, name: ${name} }
  ${delivery}
`

const RETRYING = `delivery:
    retry: 2
    backoffPolicy: linear
    backoffDelay: PT1S
    deadLetterSink: { ref: { apiVersion: serving.knative.dev/v1, kind: Service, name: dead } }
`

async function started(options: EmulatorOptions): Promise<Emulator> {
  const emulator = await createEmulator({ clock: 'virtual', ...options })
  onTestFinished(() => emulator.close())
  return emulator
}

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

test('what waits for a virtual clock is told, and goes on when the clock is advanced', async () => {
  const dead: string[] = []
  const emulator = await started({
    manifests: [BROKER, trigger('orders', RETRYING)],
    handlers: {
      orders: () => new Response('busy', { status: 503 }),
      dead: request => {
        dead.push(request.headers.get('ce-knativeerrorcode') ?? '')
        return new Response(null, { status: 202 })
      },
    },
  })
  await emulator.publish({ type: 'order.placed', id: 'e1' })
  await expect(emulator.idle({ timeoutMs: 200 })).rejects.toThrow(
    /e1 order\.placed from \/test: retrying · shop\/orders retrying after \d tries .*503/,
  )
  await emulator.clock.advance(10_000)
  await emulator.idle()
  expect(dead).toEqual(['503'])
  expect(emulator.deadLetters()).toMatchObject([
    { trigger: 'shop/orders', failure: { code: 503 }, tries: 1 },
  ])
  expect(emulator.debug()).toContain('shop/orders deadLettered')
})

test('a function is asked by its name, a process or a handler alike', async () => {
  const script = new URL('../../fixtures/processes/hello.mjs', import.meta.url).pathname
  const emulator = await started({
    manifests: {
      apiVersion: 'serving.knative.dev/v1',
      kind: 'Service',
      metadata: {
        name: 'hello',
        namespace: 'shop',
        annotations: { 'emulator.aiwfe.dev/command': `"${process.execPath}" "${script}"` },
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

test('a handler that throws answers 500, and the log says why', async () => {
  const emulator = await started({
    handlers: {
      broken: () => {
        throw new Error('no luck')
      },
    },
  })
  expect((await emulator.request('broken')).status).toBe(500)
  expect(emulator.logs('broken')).toMatchObject([
    { level: 'error', message: expect.stringContaining('no luck') },
  ])
})

test('idle waits for requests in flight', async () => {
  const gate = Promise.withResolvers<Response>()
  const emulator = await started({ handlers: { slow: () => gate.promise } })
  const asked = emulator.request('slow')
  await expect(emulator.idle({ timeoutMs: 50 })).rejects.toThrow('not idle after 50 ms')
  gate.resolve(new Response('done'))
  await emulator.idle()
  expect(await (await asked).text()).toBe('done')
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

test('the temporary folder goes with the emulator, a given one stays', async () => {
  const directory = temporaryDirectory()
  vi.stubEnv('TMPDIR', directory)
  onTestFinished(() => void vi.unstubAllEnvs())
  const emulator = await createEmulator({ manifests: BROKER, clock: 'virtual' })
  expect(readdirSync(directory)).toEqual([expect.stringMatching(/^aiwfe-emulator-/)])
  await emulator.close()
  await emulator.close()
  expect(readdirSync(directory)).toEqual([])
  const own = join(directory, 'own')
  await (await createEmulator({ manifests: BROKER, clock: 'virtual', directory: own })).close()
  expect(readdirSync(directory)).toEqual(['own'])
})

test('manifests that cannot be are refused before anything starts', async () => {
  await expect(createEmulator({ manifests: [BROKER, BROKER] })).rejects.toThrow(ManifestError)
  await expect(createEmulator({ manifests: '/nowhere' })).rejects.toThrow('no such file or folder')
  await expect(createEmulator({ manifests: 'a: [\n' })).rejects.toThrow('not valid YAML')
})

test('a kind of Knative that is not emulated is told with its place', async () => {
  const emulator = await started({
    manifests: [
      `
apiVersion: sinks.knative.dev/v1alpha1
kind: IntegrationSink
metadata: { name: bucket, namespace: shop }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: postgres, namespace: shop }
`,
    ],
  })
  const warnings = emulator.logs().filter(({ level }) => level === 'warn')
  expect(warnings.map(({ scope, message }) => `${scope}: ${message}`)).toEqual([
    'bucket: manifest 1:2: sinks.knative.dev/v1alpha1/IntegrationSink is not emulated: it does nothing here',
  ])
  await using again = await createEmulator({ clock: 'virtual' })
  expect(again.logs()).toEqual([])
})

test('a function reads ConfigMaps and Secrets that were applied', async () => {
  const script = new URL('../../fixtures/processes/hello.mjs', import.meta.url).pathname
  const emulator = await started({})
  const metadata = { namespace: 'shop', name: 'words' }
  await emulator.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { a: '1' } })
  await emulator.apply({ apiVersion: 'v1', kind: 'Secret', metadata, stringData: { b: '2' } })
  const annotations = { 'emulator.aiwfe.dev/command': `"${process.execPath}" "${script}"` }
  const env = [
    { name: 'FROM_MAP', valueFrom: { configMapKeyRef: { name: 'words', key: 'a' } } },
    { name: 'FROM_SECRET', valueFrom: { secretKeyRef: { name: 'words', key: 'b' } } },
  ]
  const spec = { template: { spec: { containers: [{ image: 'a', env }] } } }
  const place = { apiVersion: 'serving.knative.dev/v1', kind: 'Service' }
  await emulator.apply(
    { ...place, metadata: { name: 'hello', namespace: 'shop', annotations }, spec },
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

test.each([
  [{ clock: 'virtul' }, '"clock" must be virtual, real or a clock, got virtul'],
  [{ manifest: [] }, '"options" must be of manifests, clock'],
  [{ manifests: [3] }, '"manifests" must be paths, texts or objects, got number'],
  [{ handlers: { a: 3 } }, '"handlers.a" must be a function, got number'],
  [{ handlers: { 'a/b/c': () => new Response() } }, '"handlers" must have names or <namespace>/'],
])('options that cannot be are refused: %j', async (options, message) => {
  await expect(createEmulator(options as EmulatorOptions)).rejects.toThrow(message)
})

test('a handler with a name that no Service can have leaves no folder behind', async () => {
  const home = temporaryDirectory()
  vi.stubEnv('TMPDIR', home)
  onTestFinished(() => void vi.unstubAllEnvs())
  await expect(createEmulator({ handlers: { Bad_Name: () => new Response() } })).rejects.toThrow(
    'not a DNS 1035 label',
  )
  expect(readdirSync(home)).toEqual([])
})

test('a handler that returns no Response is told so, by the log as well', async () => {
  const emulator = await started({ handlers: { forgetful: () => undefined as never } })
  expect((await emulator.request('forgetful')).status).toBe(500)
  expect(emulator.logs('forgetful')).toMatchObject([
    { level: 'error', message: expect.stringContaining('must return a Response, got undefined') },
  ])
})

test('what cannot be published or asked says what is wrong with it', async () => {
  const emulator = await started({ manifests: BROKER, handlers: { a: () => new Response() } })
  await expect(emulator.publish(null as never)).rejects.toThrow('"event" must be an object')
  await expect(emulator.publish({ type: 'x', Colour: 'red' })).rejects.toThrow('got Colour')
  await expect(emulator.request('a', { path: 'b' })).rejects.toThrow('"path" must begin with /')
  await expect(emulator.apply(null as never)).rejects.toThrow('must be an object')
})

test('who waits for idle while a handler runs is told which, and is let go when it closes', async () => {
  const emulator = await started({ handlers: { slow: () => new Promise<Response>(() => {}) } })
  emulator.request('slow').catch(() => {})
  await expect(emulator.idle({ timeoutMs: 50 })).rejects.toThrow(/default\/slow .* 1 in flight/)
  const waiting = emulator.idle()
  await Promise.all([emulator.close(), expect(waiting).rejects.toThrow('the emulator is closed')])
  await expect(emulator.publish({ type: 'x' })).rejects.toThrow('the emulator is closed')
  await expect(emulator.request('slow')).rejects.toThrow('the emulator is closed')
  await expect(
    emulator.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } }),
  ).rejects.toThrow('the emulator is closed')
})

test('a Service that is code needs no process, whatever its scale says, and may be applied', async () => {
  const service = (image: string): Record<string, unknown> => ({
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Service',
    metadata: { name: 'code', namespace: 'shop' },
    spec: {
      template: {
        metadata: { annotations: { 'autoscaling.knative.dev/min-scale': '1' } },
        spec: { containers: [{ image }] },
      },
    },
  })
  const emulator = await started({
    manifests: service('registry.test/a'),
    handlers: { code: () => new Response('code') },
  })
  await emulator.clock.advance(10_000)
  const { status, spec } = await emulator.apply(service('registry.test/b'), { wait: true })
  await emulator.clock.advance(10_000)
  expect(status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('True')
  expect(JSON.stringify(spec)).toContain('"autoscaling.knative.dev/min-scale":"1"')
  expect(await (await emulator.request('code')).text()).toBe('code')
  expect(emulator.logs().filter(({ level }) => level === 'error')).toEqual([])
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
