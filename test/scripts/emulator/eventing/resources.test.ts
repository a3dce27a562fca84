import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createEmulator, type Emulator } from '../../../../scripts/emulator/emulator.ts'
import { until } from './fixture.ts'
import { BROKER, world } from './resources.fixture.ts'

/** Writes its environment when it starts, and answers every request with 204. */
const SCRIPT = `
  const { K_SINK = '', K_CE_OVERRIDES = '', K_REVISION, PORT } = process.env
  require('node:fs').appendFileSync('FILE', [K_REVISION, K_SINK, K_CE_OVERRIDES].join(' ') + '\\n')
  require('node:http').createServer((_, response) => response.writeHead(204).end()).listen(PORT)
`

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'aiwfe-resources-'))
  onTestFinished(() => rmSync(made, { recursive: true, force: true }))
  return made
}

const read = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '')

function talker(file: string): string {
  const script = `${file}.cjs`
  writeFileSync(script, SCRIPT.replace('FILE', file))
  return `
apiVersion: serving.knative.dev/v1
kind: Service
metadata: { name: talker, namespace: app }
spec:
  template:
    metadata:
      annotations:
        emulator.aiwfe.dev/command: ${process.execPath} ${script}
    spec: { containers: [{ image: some/talker }] }
---
apiVersion: eventing.knative.dev/v1
kind: Broker
metadata: { name: default, namespace: app }
`
}

const binding = (team: string): Record<string, unknown> => ({
  apiVersion: 'sources.knative.dev/v1',
  kind: 'SinkBinding',
  metadata: { name: 'bind', namespace: 'app' },
  spec: {
    subject: { apiVersion: 'serving.knative.dev/v1', kind: 'Service', name: 'talker' },
    sink: { ref: { apiVersion: 'eventing.knative.dev/v1', kind: 'Broker', name: 'default' } },
    ceOverrides: { extensions: { team } },
  },
})

async function open(options: Parameters<typeof createEmulator>[0]): Promise<Emulator> {
  const emulator = await createEmulator(options)
  onTestFinished(() => emulator.close())
  return emulator
}

test('a binding of the manifests is in the first revision, a changed one makes the next', async () => {
  const file = join(folder(), 'started')
  const emulator = await open({ manifests: [talker(file), binding('blue')] })
  expect((await emulator.request('talker.app.localhost')).status).toBe(204)
  expect(read(file)).toBe(`talker-00001 ${BROKER} {"extensions":{"team":"blue"}}\n`)

  await emulator.apply(binding('red'))
  await until(() => read(file).includes(`talker-00002 ${BROKER} {"extensions":{"team":"red"}}\n`))
  await emulator.remove({
    apiVersion: 'sources.knative.dev/v1',
    kind: 'SinkBinding',
    name: 'bind',
    namespace: 'app',
  })
  await until(() => read(file).includes('talker-00003  \n'))
}, 60_000)

test('a sequence, a ping and a request that waits for its reply work together in one emulator', async () => {
  const seen: string[] = []
  const reply = (request: Request, type: string, extra: Record<string, string> = {}): Response => {
    seen.push(`${type} after ${request.headers.get('ce-type')}`)
    const id = crypto.randomUUID()
    const headers = { 'ce-specversion': '1.0', 'ce-id': id, 'ce-source': '/t', 'ce-type': type }
    return new Response(null, { headers: { ...headers, ...extra } })
  }
  const emulator = await open({
    clock: 'virtual',
    handlers: {
      'app/first': request => reply(request, 'one'),
      'app/second': request =>
        reply(request, 'two', { 'ce-replyid': request.headers.get('ce-correlationid') ?? '' }),
    },
    manifests: `
apiVersion: eventing.knative.dev/v1
kind: Broker
metadata: { name: default, namespace: app }
---
apiVersion: sources.knative.dev/v1
kind: PingSource
metadata: { name: tick, namespace: app }
spec:
  schedule: "*/10 * * * *"
  sink: { ref: { apiVersion: flows.knative.dev/v1, kind: Sequence, name: line } }
---
apiVersion: flows.knative.dev/v1
kind: Sequence
metadata: { name: line, namespace: app }
spec:
  steps:
    - ref: { apiVersion: serving.knative.dev/v1, kind: Service, name: first }
    - ref: { apiVersion: serving.knative.dev/v1, kind: Service, name: second }
---
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: { name: questions, namespace: app }
spec:
  broker: default
  filter: { attributes: { type: question } }
  subscriber: { ref: { apiVersion: serving.knative.dev/v1, kind: Service, name: second } }
---
apiVersion: eventing.knative.dev/v1alpha1
kind: RequestReply
metadata: { name: ask, namespace: app }
spec:
  brokerRef: { apiVersion: eventing.knative.dev/v1, kind: Broker, name: default }
`,
  })
  await emulator.clock.advance(20 * 60_000)
  await until(() => seen.length === 4)
  expect(seen.sort()).toEqual([
    'one after dev.knative.sources.ping',
    'one after dev.knative.sources.ping',
    'two after one',
    'two after one',
  ])
  const { status, headers } = await emulator.send({
    url: 'http://request-reply.knative-eventing.svc.cluster.local/app/ask',
    method: 'POST',
    headers: { 'ce-specversion': '1.0', 'ce-id': 'q', 'ce-source': '/t', 'ce-type': 'question' },
  })
  expect([status, headers['ce-type']]).toEqual([200, 'two'])
  expect(emulator.debug()).not.toMatch(/not ready/i)
}, 60_000)

test('a Trigger of the manifests waits for the source that it depends on, and goes as that does', async () => {
  const ping = {
    apiVersion: 'sources.knative.dev/v1',
    kind: 'PingSource',
    metadata: { name: 'tick', namespace: 'app' },
    spec: {
      schedule: '0 0 * * *',
      sink: { ref: { apiVersion: 'eventing.knative.dev/v1', kind: 'Broker', name: 'default' } },
    },
  }
  const emulator = await open({
    clock: 'virtual',
    manifests: `
apiVersion: eventing.knative.dev/v1
kind: Broker
metadata: { name: default, namespace: app }
---
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata:
  name: one
  namespace: app
  annotations:
    knative.dev/dependency: '{"kind":"PingSource","name":"tick","apiVersion":"sources.knative.dev/v1"}'
spec: { broker: default, subscriber: { uri: "http://one.test/" } }
`,
  })
  const ready = () =>
    emulator.eventing
      .objects()
      .find(({ kind }) => kind === 'Trigger')
      ?.status?.conditions?.find(({ type }) => type === 'Ready')
  expect(ready()).toMatchObject({ status: 'False', reason: 'DependencyDoesNotExist' })
  await emulator.apply(ping)
  await until(() => ready()?.status === 'True')
  const { apiVersion, kind, metadata } = ping
  await emulator.remove({ apiVersion, kind, ...metadata })
  await until(() => ready()?.reason === 'DependencyDoesNotExist')
})

test('objects of other parts are listed once for all triggers that lead to them', async () => {
  let lists = 0
  const at = await world({
    serving: {
      objects: () => {
        lists += 1
        return []
      },
      onChange: () => () => {},
    },
  })
  const triggers = Array.from(
    { length: 20 },
    (_, index) => `
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: { name: t${index}, namespace: app }
spec: { broker: default, subscriber: { ref: { apiVersion: serving.knative.dev/v1, kind: Service, name: s } } }
`,
  )
  at.apply(triggers.join('---'))
  lists = 0
  at.eventing.refresh()
  expect(lists).toBe(1)
})
