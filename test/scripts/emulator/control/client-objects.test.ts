/** What a control plane has after a restart: `createControlBench` on the same file. */
import { expect, test } from 'vitest'
import { openKeyedStore } from '../../../../scripts/emulator/keyed-store.ts'
import { kindOf, serviceDocument, triggerDocument } from './fixture.ts'
import { hello, keysOf, place, SERVICE, startBench } from './kept.fixture.ts'

const TRIGGER = kindOf('eventing.knative.dev/v1', 'Trigger')
const SECRET = kindOf('v1', 'Secret')

test('what a client made is back as it was: its document, uid, time of birth and generation', async () => {
  const file = place()
  const first = await startBench(file)
  await first.control.create(SERVICE, serviceDocument('hello', { labels: { tier: 'one' } }))
  const before = await first.control.apply(serviceDocument('hello', { image: 'registry.test/b' }))
  first.clock.advance(60_000)
  const second = await startBench(file)
  const { object } = second.control.get(hello)
  expect(object.metadata).toEqual(before.object.metadata)
  expect(object.metadata.generation).toBe(2)
  expect(object.spec).toEqual(before.object.spec)
  expect(second.lines.map(({ message }) => message)).toEqual([
    'back from before the restart, as clients made them: services.serving.knative.dev app/hello',
  ])
})

test('it is kept when the write is answered, and gone when the removal is', async () => {
  const file = place()
  const { control } = await startBench(file)
  await control.create(SERVICE, serviceDocument('hello'))
  expect(keysOf(file)).toEqual(['serving.knative.dev/Service/app/hello'])
  await control.remove(hello)
  expect(keysOf(file)).toEqual([])
})

test('what its owner makes is not kept, whoever changed it', async () => {
  const file = place()
  const { control, part } = await startBench(file)
  const owner = { apiVersion: 'flows.knative.dev/v1', kind: 'Sequence', name: 's', uid: '1' }
  const ownerReferences = [{ ...owner, controller: true, blockOwnerDeletion: true }]
  const made = triggerDocument('made')
  await part.apply(
    {
      list: 'triggers',
      kind: '',
      resource: { document: made, namespace: 'app', name: 'made' },
    } as never,
    { wait: false },
  )
  const objects = part.objects
  part.objects = () =>
    objects().map(each => ({ ...each, metadata: { ...each.metadata, ownerReferences } as never }))
  await control.patch(
    { kind: TRIGGER, namespace: 'app', name: 'made' },
    { type: 'merge', value: { metadata: { labels: { a: 'b' } } } },
  )
  expect(keysOf(file)).toEqual([])
})

test('what a file says wins over what a client changed of it, which is told once', async () => {
  const file = place()
  const first = await startBench(file, serviceDocument('hello'))
  await first.control.apply(serviceDocument('hello', { image: 'registry.test/changed' }))
  const second = await startBench(file, serviceDocument('hello'))
  const { spec } = second.control.get(hello).object
  expect(spec).toEqual(serviceDocument('hello').spec)
  expect(second.lines).toEqual([
    expect.objectContaining({
      level: 'warn',
      message:
        'services.serving.knative.dev app/hello is as its file says: what a client changed is gone',
    }),
  ])
  expect((await startBench(file, serviceDocument('hello'))).lines).toEqual([])
})

test('what a client deleted is back when it is in a file', async () => {
  const file = place()
  const first = await startBench(file, serviceDocument('hello'))
  await first.control.remove(hello)
  const second = await startBench(file, serviceDocument('hello'))
  expect(second.control.get(hello).object.metadata.name).toBe('hello')
})

test("a file's object goes with its file, although a client had changed it", async () => {
  const file = place()
  const first = await startBench(file, serviceDocument('hello'))
  await first.control.apply(serviceDocument('hello', { image: 'registry.test/changed' }))
  const second = await startBench(file)
  expect(() => second.control.get(hello)).toThrow('not found')
  expect(second.lines.map(({ message }) => message)).toEqual([
    'serving.knative.dev/Service/app/hello is in no file any more: what a client changed is gone with it',
  ])
})

test('what a client made belongs to the file that says it later, and goes with it', async () => {
  const file = place()
  const first = await startBench(file)
  await first.control.apply(serviceDocument('hello'))
  const second = await startBench(file, serviceDocument('hello', { image: 'registry.test/file' }))
  expect(second.lines.map(({ message }) => message)).toEqual([
    'services.serving.knative.dev app/hello, which a client made, belongs to its file now',
  ])
  expect(second.control.get(hello).object.spec).toMatchObject({
    template: { spec: { containers: [{ image: 'registry.test/file' }] } },
  })
  const third = await startBench(file)
  expect(() => third.control.get(hello)).toThrow('not found')
})

test("what a client makes under a name that was a file's is the client's", async () => {
  const file = place()
  const first = await startBench(file, serviceDocument('hello'))
  await first.control.release(hello)
  await first.control.apply(serviceDocument('hello'))
  const second = await startBench(file)
  expect(second.control.get(hello).object.metadata.name).toBe('hello')
})

test('Secrets, Namespaces and what is inside them come back, and go together', async () => {
  const file = place()
  const first = await startBench(file)
  await first.control.apply({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'app', labels: { team: 'a' } },
  })
  await first.control.apply({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 's', namespace: 'app' },
    stringData: { key: 'value' },
  })
  await first.control.apply(triggerDocument('t'))
  const second = await startBench(file)
  const namespace = { kind: kindOf('v1', 'Namespace'), namespace: '', name: 'app' }
  expect(second.control.get(namespace).object.metadata.labels).toMatchObject({ team: 'a' })
  expect(second.control.stored.secret('app', 's')).toEqual({ key: 'value' })
  await second.control.remove(namespace)
  expect(keysOf(file)).toEqual([])
  const third = await startBench(file)
  expect(() => third.control.get({ kind: SECRET, namespace: 'app', name: 's' })).toThrow(
    'not found',
  )
})

test('an object goes with its owner after a restart as before, also when the owner is of a file', async () => {
  const file = place()
  const first = await startBench(file, serviceDocument('hello'))
  const { uid } = first.control.get(hello).object.metadata
  const owner = { apiVersion: 'serving.knative.dev/v1', kind: 'Service', name: 'hello', uid }
  await first.control.apply({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'c', namespace: 'app', ownerReferences: [owner] },
    data: {},
  })
  const second = await startBench(file, serviceDocument('hello'))
  const owned = { kind: kindOf('v1', 'ConfigMap'), namespace: 'app', name: 'c' }
  const now = second.control.get(hello).object.metadata.uid
  expect(now).not.toBe(uid)
  expect(second.control.get(owned).object.metadata.ownerReferences).toEqual([
    { ...owner, uid: now },
  ])
  await second.control.remove(hello)
  expect(() => second.control.get(owned)).toThrow('not found')
  expect(keysOf(file)).toEqual([])
})

test('what is refused at the start is told and kept, keeps nothing else back, and can be removed', async () => {
  const file = place()
  const first = await startBench(file)
  await first.control.apply(triggerDocument('t'))
  await first.control.apply(serviceDocument('hello'))
  const store = openKeyedStore(file, 'what clients applied')
  const key = 'eventing.knative.dev/Trigger/app/t'
  store.put(key, { document: triggerDocument('t', { subscriber: 5 }) })
  store.put('old.knative.dev/Old/app/o', { document: { apiVersion: 'old.knative.dev/v1' } })
  store.close()
  const second = await startBench(file)
  expect(second.control.get(hello).object.metadata.name).toBe('hello')
  expect(second.lines.filter(({ level }) => level === 'warn').map(each => each.message)).toEqual([
    'old.knative.dev/Old/app/o, which a client made, is of no kind that is known here',
    expect.stringMatching(
      /^triggers\.eventing\.knative\.dev app\/t, which a client made, does not come back: .*subscriber/,
    ),
  ])
  expect(keysOf(file)).toContain(key)
  await second.control.remove({ kind: TRIGGER, namespace: 'app', name: 't' })
  expect(keysOf(file)).not.toContain(key)
})
