import { expect, test } from 'vitest'
import { createControlBench, kindOf, serviceDocument, triggerDocument } from './fixture.ts'

const SERVICE = kindOf('serving.knative.dev/v1', 'Service')
const TRIGGER = kindOf('eventing.knative.dev/v1', 'Trigger')
const REVISION = kindOf('serving.knative.dev/v1', 'Revision')
const CONFIG_MAP = kindOf('v1', 'ConfigMap')
const SECRET = kindOf('v1', 'Secret')
const NAMESPACE = kindOf('v1', 'Namespace')
const hello = { kind: SERVICE, namespace: 'app', name: 'hello' }

const configMap = (data: Record<string, string>, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'words', namespace: 'app', ...metadata },
  data,
})

test('a created object has an identity, and a version that every change raises', async () => {
  const { control } = createControlBench()
  const created = await control.create(SERVICE, serviceDocument('hello'))
  expect(created.object.metadata).toMatchObject({
    name: 'hello',
    namespace: 'app',
    uid: expect.any(String),
    generation: 1,
    creationTimestamp: '2026-01-01T00:00:00Z',
  })
  const labelled = await control.patch(hello, {
    type: 'merge',
    value: { metadata: { labels: { a: 'b' } } },
  })
  expect(labelled.version).toBeGreaterThan(created.version)
  expect(labelled.object.metadata).toMatchObject({ generation: 1, labels: { a: 'b' } })
  const changed = await control.replace(hello, serviceDocument('hello', { image: 'b' }))
  expect(changed.object.metadata.generation).toBe(2)
})

test('what is there is not created again, and what is not there is not replaced', async () => {
  const { control } = createControlBench()
  await control.create(SERVICE, serviceDocument('hello'))
  await expect(control.create(SERVICE, serviceDocument('hello'))).rejects.toMatchObject({
    message: 'services.serving.knative.dev "hello" already exists',
    status: { code: 409, reason: 'AlreadyExists', details: { name: 'hello', kind: 'services' } },
  })
  const other = { ...hello, name: 'other' }
  await expect(control.replace(other, serviceDocument('other'))).rejects.toMatchObject({
    message: 'services.serving.knative.dev "other" not found',
    status: { code: 404, reason: 'NotFound' },
  })
})

test('a version or uid that is not the present one is a conflict', async () => {
  const { control } = createControlBench()
  const { version } = await control.create(SERVICE, serviceDocument('hello'))
  const stale = serviceDocument('hello', { resourceVersion: String(version), image: 'b' })
  await control.replace(hello, stale)
  await expect(control.replace(hello, stale)).rejects.toMatchObject({
    message:
      'Operation cannot be fulfilled on services.serving.knative.dev "hello": the object has been modified; please apply your changes to the latest version and try again',
    status: { code: 409, reason: 'Conflict' },
  })
  await expect(
    control.replace(hello, serviceDocument('hello', { uid: 'another' })),
  ).rejects.toMatchObject({ code: 'Conflict' })
  await expect(control.remove(hello, { uid: 'another' })).rejects.toMatchObject({
    code: 'Conflict',
  })
  expect(control.get(hello).object.metadata.generation).toBe(2)
})

test("the webhook's own message says what is wrong, and nothing is applied", async () => {
  const { control, part } = createControlBench()
  const wrong = triggerDocument('t', { broker: undefined, subscriber: undefined })
  await expect(control.create(TRIGGER, wrong)).rejects.toMatchObject({
    message:
      'admission webhook "validation.webhook.eventing.knative.dev" denied the request: validation failed: missing field(s): spec.broker, spec.subscriber',
    status: { code: 400, reason: 'BadRequest' },
  })
  part.refuse(
    new TypeError('request:1: trigger app/t: Immutable fields changed (-old +new): spec, broker'),
  )
  await expect(control.create(TRIGGER, triggerDocument('t'))).rejects.toMatchObject({
    message:
      'admission webhook "validation.webhook.eventing.knative.dev" denied the request: validation failed: Immutable fields changed (-old +new): spec, broker',
  })
  expect(part.calls).toEqual([])
})

test('an unknown field is refused, left out with a warning, or left out', async () => {
  const { control, part } = createControlBench()
  const document = triggerDocument('t', { colour: 'red', size: 1 })
  await expect(
    control.create(TRIGGER, document, { fieldValidation: 'Strict' }),
  ).rejects.toMatchObject({
    message:
      'Trigger in version "v1" cannot be handled as a Trigger: strict decoding error: unknown field "spec.colour", unknown field "spec.size"',
    status: { code: 400 },
  })
  const warnings: string[] = []
  const onWarning = (text: string): void => void warnings.push(text)
  const { object } = await control.create(TRIGGER, document, { onWarning })
  expect(object.spec).toEqual(triggerDocument('t').spec)
  expect(warnings).toEqual(['unknown field "spec.colour"', 'unknown field "spec.size"'])
  await control.apply(document, { fieldValidation: 'Ignore', onWarning })
  expect(warnings).toHaveLength(2)
  expect(part.calls).toHaveLength(2)
})

test('a dry run answers what would be, and changes nothing', async () => {
  const { control, part } = createControlBench()
  const { object } = await control.create(SERVICE, serviceDocument('hello'), { dryRun: true })
  expect(object.metadata.name).toBe('hello')
  await expect(
    control.create(TRIGGER, triggerDocument('t', { broker: '' }), { dryRun: true }),
  ).rejects.toMatchObject({ code: 'BadRequest' })
  expect(() => control.get(hello)).toThrow('not found')
  expect(part.calls).toEqual([])
})

test('who made and who changed an object is kept, and no client changes who made it', async () => {
  const { control } = createControlBench()
  const annotationsOf = (by: { object: { metadata: { annotations?: object } } }) =>
    by.object.metadata.annotations
  const created = await control.create(SERVICE, serviceDocument('hello'), { user: 'ada' })
  const creator = 'serving.knative.dev/creator'
  const modifier = 'serving.knative.dev/lastModifier'
  expect(annotationsOf(created)).toEqual({ [creator]: 'ada', [modifier]: 'ada' })
  const labels = { a: 'b' }
  const labelled = await control.replace(hello, serviceDocument('hello', { labels }), {
    user: 'bob',
  })
  expect(annotationsOf(labelled)).toEqual({ [creator]: 'ada', [modifier]: 'ada' })
  const changed = await control.replace(hello, serviceDocument('hello', { image: 'b' }), {
    user: 'bob',
  })
  expect(annotationsOf(changed)).toEqual({ [creator]: 'ada', [modifier]: 'bob' })
  await expect(
    control.replace(hello, serviceDocument('hello', { annotations: { [creator]: 'eve' } }), {
      user: 'eve',
    }),
  ).rejects.toThrow(`annotation value is immutable: metadata.annotations.${creator}`)
})

test('what the emulator makes itself is shown, and only Revisions may be deleted', async () => {
  const { control, part } = createControlBench()
  await control.create(SERVICE, serviceDocument('hello'))
  const revision = { kind: REVISION, namespace: 'app', name: 'hello-00001' }
  const { object } = control.get(revision)
  expect(object.metadata.ownerReferences).toMatchObject([{ kind: 'Service', controller: true }])
  const document = { ...object, metadata: { ...object.metadata, name: 'mine' } } as never
  await expect(control.create(REVISION, document)).rejects.toMatchObject({
    status: { code: 405, reason: 'MethodNotAllowed' },
  })
  await control.remove(revision)
  expect(part.calls.at(-1)).toBe('remove Revision/app/hello-00001')
  expect(() => control.get(revision)).toThrow('not found')
})

test('what an object owns goes with it, and all that is in a namespace', async () => {
  const { control } = createControlBench()
  const { object } = await control.create(SERVICE, serviceDocument('hello'))
  const { name, uid } = object.metadata
  const ownerReferences = [{ apiVersion: 'serving.knative.dev/v1', kind: 'Service', name, uid }]
  const owned = {
    ...triggerDocument('t'),
    metadata: { name: 't', namespace: 'app', ownerReferences },
  }
  const { object: trigger } = await control.create(TRIGGER, owned)
  expect(trigger.metadata.ownerReferences).toEqual(ownerReferences)
  await control.create(TRIGGER, triggerDocument('free'))
  await control.create(CONFIG_MAP, configMap({ a: '1' }))
  await control.remove(hello)
  const left = (): string[] => control.catalogue.list().map(entry => entry.object.metadata.name)
  expect(left()).not.toContain('t')
  expect(left()).toEqual(expect.arrayContaining(['free', 'words', 'app', 'default']))
  await control.remove({ kind: NAMESPACE, namespace: '', name: 'app' })
  expect(left().filter(each => ['free', 'words', 'app'].includes(each))).toEqual([])
})

test('ConfigMaps and Secrets are kept for functions, Secrets encoded', async () => {
  const { control } = createControlBench()
  await control.create(CONFIG_MAP, configMap({ a: '1' }))
  expect(control.stored.configMap('app', 'words')).toEqual({ a: '1' })
  expect(control.stored.configMap('other', 'words')).toBeUndefined()
  const { object } = await control.create(SECRET, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'key', namespace: 'app' },
    stringData: { token: 's3cret' },
  })
  expect(object).toMatchObject({ type: 'Opaque', data: { token: 'czNjcmV0' } })
  expect(object).not.toHaveProperty('stringData')
  expect(control.stored.secret('app', 'key')).toEqual({ token: 's3cret' })
})

test('a kind that nothing here runs is kept, with a warning', async () => {
  const { control } = createControlBench()
  const warnings: string[] = []
  await control.apply(
    { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd' }, spec: {} },
    { onWarning: text => void warnings.push(text) },
  )
  expect(warnings).toEqual(['Deployment is kept and shown, but the emulator does not run it'])
  await expect(
    (async () => await control.apply({ apiVersion: 'a/v1', kind: 'B', metadata: {} }))(),
  ).rejects.toThrow('no matches for kind "B" in version "a/v1"')
})

test('a JSON patch is done whole or not at all', async () => {
  const { control } = createControlBench()
  await control.create(CONFIG_MAP, configMap({ a: '1' }))
  const words = { kind: CONFIG_MAP, namespace: 'app', name: 'words' }
  const value = [
    { op: 'test', path: '/data/a', value: '1' },
    { op: 'add', path: '/data/b~1c', value: '2' },
    { op: 'remove', path: '/data/a' },
  ]
  const { object } = await control.patch(words, { type: 'json', value })
  expect(Reflect.get(object, 'data')).toEqual({ 'b/c': '2' })
  await expect(control.patch(words, { type: 'json', value })).rejects.toMatchObject({
    message: 'the server rejected our request: operation 0: there is nothing at a',
    status: { code: 422 },
  })
})

test('two writes at once are done one after the other', async () => {
  const { control } = createControlBench()
  await control.create(CONFIG_MAP, configMap({}))
  const words = { kind: CONFIG_MAP, namespace: 'app', name: 'words' }
  const add = (key: string) =>
    control.patch(words, { type: 'merge', value: { data: { [key]: 'x' } } })
  await Promise.all(['a', 'b', 'c', 'd'].map(add))
  expect(control.stored.configMap('app', 'words')).toEqual({ a: 'x', b: 'x', c: 'x', d: 'x' })
})

test('who waits for an object to work keeps nobody else from changing another, or the same', async () => {
  const { control, part } = createControlBench()
  const works = part.hold()
  const waiting = control.apply(serviceDocument('hello'), { wait: true })
  await control.create(CONFIG_MAP, configMap({ a: '1' }))
  await control.apply(serviceDocument('hello', { image: 'b' }))
  await control.remove(hello)
  works.reject(new Error('does not start'))
  await expect(waiting).rejects.toThrow('does not start')
  expect(part.calls.map(call => call.split(' ')[0])).toEqual(['apply', 'apply', 'remove'])
})

test('a document that contains itself or has no end is refused, and harms nothing', async () => {
  const { control } = createControlBench()
  const endless: Record<string, unknown> = {}
  endless.self = endless
  let deep: unknown = 1
  for (let level = 0; level < 100_000; level++) deep = { deep }
  for (const spec of [endless, deep]) {
    await expect(
      control.apply({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd' }, spec }),
    ).rejects.toMatchObject({
      message: 'the document must have at most 200 levels',
      status: { code: 400 },
    })
  }
  const given = configMap({ a: '1' })
  await control.create(CONFIG_MAP, given)
  given.data.a = 'changed by its giver'
  expect(control.stored.configMap('app', 'words')).toEqual({ a: '1' })
})
