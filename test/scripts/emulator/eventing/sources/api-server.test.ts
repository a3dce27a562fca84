import { expect, onTestFinished, test } from 'vitest'
import { createEmulator, type Emulator } from '../../../../../scripts/emulator/emulator.ts'
import { until } from '../fixture.ts'

interface Seen {
  type: string | null
  subject: string | null
  headers: Headers
  data: Record<string, unknown>
}

const source = (spec: string): string => `
apiVersion: sources.knative.dev/v1
kind: ApiServerSource
metadata: { name: watch, namespace: app }
spec:
  sink: { ref: { apiVersion: serving.knative.dev/v1, kind: Service, name: seen } }
${spec}
`

async function open(spec: string): Promise<{ emulator: Emulator; seen: Seen[] }> {
  const seen: Seen[] = []
  const emulator = await createEmulator({
    manifests: source(spec),
    handlers: {
      'app/seen': async request => {
        const { headers } = request
        const data = (await request.json()) as Record<string, unknown>
        seen.push({
          type: headers.get('ce-type'),
          subject: headers.get('ce-subject'),
          headers,
          data,
        })
        return new Response(null, { status: 202 })
      },
    },
  })
  onTestFinished(() => emulator.close())
  return { emulator, seen }
}

const map = (value: string, labels: Record<string, string> = {}, namespace = 'app') => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'settings', namespace, labels },
  data: { value },
})

test('a watched object makes an event when it comes, changes and goes', async () => {
  const { emulator, seen } = await open(
    '  mode: Resource\n  resources: [{ apiVersion: v1, kind: ConfigMap }]',
  )
  await emulator.apply(map('one'))
  await until(() => seen.length === 1)
  await emulator.apply(map('two'))
  await until(() => seen.length === 2)
  await emulator.remove({ apiVersion: 'v1', kind: 'ConfigMap', name: 'settings', namespace: 'app' })
  await until(() => seen.length === 3)
  expect(seen.map(({ type }) => type)).toEqual(
    ['add', 'update', 'delete'].map(verb => `dev.knative.apiserver.resource.${verb}`),
  )
  expect(seen[1]?.subject).toBe('/apis/v1/namespaces/app/configmaps/settings')
  expect(seen[1]?.data).toMatchObject({ kind: 'ConfigMap', data: { value: 'two' } })
  const fields = ['apiversion', 'kind', 'name', 'namespace'].map(name =>
    seen[0]?.headers.get(`ce-${name}`),
  )
  expect(fields).toEqual(['v1', 'ConfigMap', 'settings', 'app'])
})

test('by reference the event says only what it is about', async () => {
  const { emulator, seen } = await open('  resources: [{ apiVersion: v1, kind: ConfigMap }]')
  await emulator.apply(map('one'))
  await until(() => seen.length === 1)
  expect(seen[0]).toMatchObject({
    type: 'dev.knative.apiserver.ref.add',
    data: { apiVersion: 'v1', kind: 'ConfigMap', name: 'settings', namespace: 'app' },
  })
  expect(Object.keys(seen[0]?.data ?? {})).toHaveLength(4)
})

test('other labels, other namespaces and other kinds make none', async () => {
  const { emulator, seen } = await open(
    '  resources: [{ apiVersion: v1, kind: ConfigMap, selector: { matchLabels: { watch: me } } }]',
  )
  await emulator.apply(map('unlabelled'))
  await emulator.apply(map('elsewhere', { watch: 'me' }, 'other'))
  await emulator.apply({ ...map('secret', { watch: 'me' }), kind: 'Secret', data: {} })
  await emulator.apply(map('labelled', { watch: 'me' }))
  await until(() => seen.length === 1)
  expect(seen[0]?.type).toBe('dev.knative.apiserver.ref.update')
})

test('what a Secret holds never becomes an event', async () => {
  const { emulator, seen } = await open(
    '  mode: Resource\n  resources: [{ apiVersion: v1, kind: Secret }]',
  )
  const data = { password: Buffer.from('hidden').toString('base64') }
  await emulator.apply({ ...map(''), kind: 'Secret', data })
  await until(() => seen.length === 1)
  expect(JSON.stringify(seen[0]?.data)).not.toContain(data.password)
  expect(seen[0]?.data).toMatchObject({ kind: 'Secret', metadata: { name: 'settings' } })
})

test('it is ready, with the types that it sends', async () => {
  const { emulator } = await open('  resources: [{ apiVersion: v1, kind: ConfigMap }]')
  const found = emulator.control.catalogue
    .list()
    .find(({ kind }) => kind.kind === 'ApiServerSource')
  expect(found?.object.status).toMatchObject({
    sinkUri: 'http://seen.app.svc.cluster.local',
    namespaces: ['app'],
    ceAttributes: [
      { type: 'dev.knative.apiserver.ref.add', source: 'https://kubernetes.default.svc' },
      { type: 'dev.knative.apiserver.ref.update' },
      { type: 'dev.knative.apiserver.ref.delete' },
    ],
  })
  expect(found?.object.status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe(
    'True',
  )
})
