import { expect, test } from 'vitest'
import type { Change } from '../../../../scripts/emulator/control/catalogue.ts'
import { until } from '../eventing/fixture.ts'
import { createControlBench, kindOf, serviceDocument } from './fixture.ts'

const SERVICE = kindOf('serving.knative.dev/v1', 'Service')
const hello = { kind: SERVICE, namespace: 'app', name: 'hello' }
const ready = (status: string) => ({ conditions: [{ type: 'Ready', status }] })

const told = (changes: readonly Change[]): string[] =>
  changes
    .filter(({ entry }) => entry.kind === SERVICE)
    .map(({ type, entry }) => `${type} ${entry.object.metadata.name}`)

test('changes are told in order with growing versions, and can be asked for again', async () => {
  const { control, part } = createControlBench()
  const { catalogue } = control
  const start = catalogue.version()
  const seen: Change[] = []
  catalogue.subscribe(changes => void seen.push(...changes))
  await control.create(SERVICE, serviceDocument('hello'))
  part.setStatus('hello', ready('True'))
  await until(() => told(seen).length === 2)
  await control.remove(hello)
  await until(() => told(seen).length === 3)
  expect(told(seen)).toEqual(['ADDED hello', 'MODIFIED hello', 'DELETED hello'])
  expect(told(catalogue.since(start))).toEqual(told(seen))
  const versions = seen.map(({ version }) => version)
  expect(versions).toEqual(versions.toSorted((a, b) => a - b))
  expect(new Set(versions).size).toBe(versions.length)
})

test('an object made anew under a name that was free for a moment is another object', async () => {
  const { control, part } = createControlBench()
  await control.create(SERVICE, serviceDocument('hello'))
  const from = control.catalogue.version()
  part.remove(SERVICE, 'app', 'hello')
  const read = { list: 'services', kind: '', resource: { document: serviceDocument('hello') } }
  Object.assign(read.resource, { namespace: 'app', name: 'hello' })
  part.apply(read as never, { wait: false })
  expect(told(control.catalogue.since(from))).toEqual(['DELETED hello', 'ADDED hello'])
})

test('versions of an earlier run, and changes that are not kept any more, have expired', async () => {
  const { control, part } = createControlBench()
  const start = control.catalogue.version()
  await control.create(SERVICE, serviceDocument('hello'))
  expect(() => control.catalogue.since(start - 1_000_000)).toThrow('too old resource version')
  for (let count = 0; count <= 2_000; count++) {
    part.setStatus('hello', { count })
    control.catalogue.version()
  }
  expect(() => control.catalogue.since(start)).toThrow(
    expect.objectContaining({ code: 'Expired', status: expect.objectContaining({ code: 410 }) }),
  )
  expect(control.catalogue.since(control.catalogue.version())).toEqual([])
})

test('what changes is told as Events of the reconcilers', async () => {
  const { control, part } = createControlBench()
  await control.create(SERVICE, serviceDocument('hello'))
  part.setStatus('hello', ready('True'))
  const events = (): unknown[] =>
    control.catalogue
      .list()
      .filter(({ kind }) => kind.kind === 'Event')
      .map(({ object }) => [Reflect.get(object, 'reason'), Reflect.get(object, 'message')])
  await until(() => events().length === 2)
  expect(events()).toEqual([
    ['Created', 'Created Configuration "hello"'],
    ['Created', 'Created Route "hello"'],
  ])
})

test('a part that fails is told once, keeps its objects as they were, and the others are shown', async () => {
  const { control, part, lines } = createControlBench()
  const seen: Change[] = []
  await control.create(SERVICE, serviceDocument('hello'))
  control.catalogue.subscribe(changes => void seen.push(...changes))
  const { objects } = part
  let asked = 0
  part.objects = () => {
    asked += 1
    throw new Error('cannot count')
  }
  // By the timer, where nobody could catch it.
  part.setStatus('hello', ready('True'))
  await until(() => asked >= 1)
  await control.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data: {} })
  await until(() => seen.some(({ entry }) => entry.object.kind === 'ConfigMap'))
  expect(control.get(hello).object.status).toEqual({})
  expect(lines.filter(({ level }) => level === 'error').map(({ message }) => message)).toEqual([
    'some objects are shown as they were, for a part failed: cannot count',
  ])
  part.objects = objects
  expect(control.get(hello).object.status).toEqual(ready('True'))
  expect(told(seen)).not.toContain('DELETED hello')
})
