/** What survives a restart on the same folder: objects of clients, and events that wait for them. */
import { rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createClock } from '../../../scripts/emulator/clock.ts'
import {
  createEmulator,
  type Emulator,
  type EmulatorOptions,
} from '../../../scripts/emulator/emulator.ts'
import { kindOf } from './control/fixture.ts'
import { temporaryDirectory } from './eventing/fixture.ts'
import { runFixture, until } from './serving/world.ts'

const BROKER = {
  apiVersion: 'eventing.knative.dev/v1',
  kind: 'Broker',
  metadata: { name: 'default', namespace: 'app' },
}
const SERVICE_REF = { apiVersion: 'serving.knative.dev/v1', kind: 'Service', name: 'orders' }
const event = { type: 'dev.shop.order.placed.v1', id: 'one', data: { n: 1 } }

const trigger = (subscriber: Record<string, unknown>, name = 'placed') => ({
  apiVersion: 'eventing.knative.dev/v1',
  kind: 'Trigger',
  metadata: { name, namespace: 'app' },
  spec: {
    broker: 'default',
    subscriber,
    delivery: { retry: 5, backoffPolicy: 'linear', backoffDelay: 'PT1S' },
  },
})

const service = (name: string) => ({
  apiVersion: 'serving.knative.dev/v1',
  kind: 'Service',
  metadata: { name, namespace: 'app' },
  spec: { template: { spec: { containers: [{ image: 'registry.test/hello' }] } } },
})

async function started(options: EmulatorOptions): Promise<Emulator> {
  const emulator = await createEmulator({
    clock: 'virtual',
    resolveCommand: runFixture,
    ...options,
  })
  onTestFinished(() => emulator.close())
  return emulator
}

/** Says what it was sent, and answers as told. */
async function subscriber(): Promise<{
  url: string
  ids: string[]
  answer: (status: number) => void
}> {
  const ids: string[] = []
  let status = 503
  const server = createServer((request, response) => {
    if (status < 300) ids.push(String(request.headers['ce-id']))
    request.resume()
    response.writeHead(status).end()
  })
  await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/`,
    ids,
    answer: next => {
      status = next
    },
  }
}

const isRetrying = ({ state }: { state: string }): boolean => state === 'retrying'
const tried = (emulator: Emulator): boolean =>
  emulator.deliveries().some(({ attempts = [] }) => attempts.length > 0)

test("an event that waits for a client's Trigger is delivered after a restart", async () => {
  const directory = temporaryDirectory()
  const { url, ids, answer } = await subscriber()
  const first = await started({ manifests: [BROKER], directory })
  await first.apply(trigger({ uri: url }))
  await first.publish(event)
  await until('a try', () => tried(first))
  await first.close()
  answer(202)
  // Its next try is long due: it is made as soon as the broker takes up its work.
  const clock = createClock({ scale: 0, start: Date.now() + 3_600_000 })
  const second = await started({ manifests: [BROKER], directory, clock })
  await second.idle()
  expect(second.deliveries()).toMatchObject([{ trigger: 'app/placed', state: 'delivered' }])
  expect(ids).toEqual(['one'])
})

test('a Broker, its Trigger and the Service behind it, all of a client, come back and work', async () => {
  const directory = temporaryDirectory()
  let status = 503
  const handlers = { 'app/orders': () => new Response(null, { status }) }
  const first = await started({ handlers, directory })
  await first.apply(BROKER)
  const { metadata } = await first.apply(service('mine'))
  await first.apply(trigger({ ref: SERVICE_REF }))
  await first.apply(trigger({ ref: { ...SERVICE_REF, name: 'mine' }, uri: '/live' }, 'to-mine'))
  await first.publish({ ...event, type: 'dev.shop.first.v1' })
  await until('a try', () => tried(first))
  await first.close()
  status = 202
  const second = await started({ handlers, directory })
  await until('both deliveries', () => {
    // A process takes real time to start: its tries must not run out meanwhile.
    if (second.deliveries().some(isRetrying)) second.clock.advance(1_000)
    return second.deliveries().every(({ state }) => state === 'delivered')
  })
  expect(
    second
      .deliveries()
      .map(({ trigger }) => trigger)
      .sort(),
  ).toEqual(['app/placed', 'app/to-mine'])
  const reference = {
    kind: kindOf('serving.knative.dev/v1', 'Service'),
    namespace: 'app',
    name: 'mine',
  }
  expect(second.control.get(reference).object.metadata).toMatchObject(metadata)
  const mine = second.serving.status().find(({ name }) => name === 'mine')
  expect(mine?.latestReadyRevision).toBe('mine-00001')
})

test("what a client's Sequence makes is made again, under the Sequence that came back", async () => {
  const directory = temporaryDirectory()
  const step = { ref: SERVICE_REF }
  const handlers = { 'app/orders': () => new Response(null, { status: 202 }) }
  const first = await started({ manifests: [BROKER], handlers, directory })
  const { metadata } = await first.apply({
    apiVersion: 'flows.knative.dev/v1',
    kind: 'Sequence',
    metadata: { name: 'line', namespace: 'app' },
    spec: { steps: [step, step] },
  })
  await first.close()
  const second = await started({ manifests: [BROKER], handlers, directory })
  const objects = second.control.catalogue.list().map(({ object }) => object)
  const sequence = objects.find(({ kind }) => kind === 'Sequence')
  expect(sequence?.metadata.uid).toBe(metadata.uid)
  const made = objects.filter(({ kind }) => kind === 'Subscription')
  expect(made).toHaveLength(2)
  for (const each of made) expect(each.metadata.ownerReferences?.[0]?.uid).toBe(metadata.uid)
})

test('what a client removed, and what waited for it, is not there after a restart', async () => {
  const directory = temporaryDirectory()
  const { url, ids } = await subscriber()
  const first = await started({ manifests: [BROKER], directory })
  const { apiVersion, kind } = await first.apply(trigger({ uri: url }))
  await first.remove({ apiVersion, kind, name: 'placed', namespace: 'app' })
  await first.close()
  const second = await started({ manifests: [BROKER], directory })
  await second.publish(event)
  await second.idle()
  expect(second.deliveries()).toEqual([])
  expect(ids).toEqual([])
})

test('without a folder of its own nothing is left', async () => {
  const first = await started({ manifests: [BROKER] })
  await first.apply(service('mine'))
  await first.close()
  const second = await started({ manifests: [BROKER] })
  expect(second.serving.status()).toEqual([])
})

test('a ConfigMap of a client that says how the emulator works is read at the next start', async () => {
  const directory = temporaryDirectory()
  const first = await started({ directory })
  await first.apply({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'config-autoscaler', namespace: 'knative-serving' },
    data: { 'max-scale-limit': '3' },
  })
  await first.close()
  const second = await started({ directory })
  const { spec, ...mine } = service('mine')
  const annotations = { 'autoscaling.knative.dev/max-scale': '9' }
  const template = { ...spec.template, metadata: { annotations } }
  await expect(second.apply({ ...mine, spec: { template } })).rejects.toThrow('max-scale')
})

test('a store that cannot be read is told by its name, and leaves nothing running', async () => {
  const directory = temporaryDirectory()
  const file = join(directory, 'objects.sqlite')
  writeFileSync(file, 'x'.repeat(8192))
  await expect(createEmulator({ directory })).rejects.toThrow(`what clients applied, in "${file}"`)
  rmSync(file)
  await (await createEmulator({ directory })).close()
})

const latestOf = (emulator: Emulator): string | undefined =>
  emulator.serving.status().find(({ name }) => name === 'mine')?.latestCreatedRevision

const templated = (value: string, traffic: object[] = []) => {
  const { spec, ...rest } = service('mine')
  const [container] = spec.template.spec.containers
  const containers = [{ ...container, env: [{ name: 'GREETING', value }] }]
  return { ...rest, spec: { template: { spec: { containers } }, ...(traffic[0] && { traffic }) } }
}

test('an unchanged template keeps the name of its revision, a changed one gets the next', async () => {
  const directory = temporaryDirectory()
  const names: (string | undefined)[] = []
  for (const value of ['one', 'one', 'two', 'two', 'one']) {
    const emulator = await started({ manifests: [templated(value)], directory })
    names.push(latestOf(emulator))
    await emulator.close()
  }
  expect(names).toEqual(['mine-00001', 'mine-00001', 'mine-00002', 'mine-00002', 'mine-00003'])
})

test('traffic for the latest revision by its name leads there after a restart', async () => {
  const directory = temporaryDirectory()
  const first = await started({ directory })
  await first.apply(templated('one'))
  await first.apply(templated('two'))
  await first.apply(templated('two', [{ revisionName: 'mine-00002', percent: 100 }]))
  await first.close()
  const second = await started({ directory })
  const route = second.control.catalogue.list().find(({ kind }) => kind.kind === 'Route')
  expect(route?.object.status?.traffic).toMatchObject([
    { revisionName: 'mine-00002', percent: 100 },
  ])
  const { kind, apiVersion } = templated('two')
  await second.remove({ apiVersion, kind, name: 'mine', namespace: 'app' })
  await second.apply(templated('two'))
  expect(latestOf(second)).toBe('mine-00001')
})
