import { expect, test, vi } from 'vitest'
import { createManifestSync } from '../../../../scripts/emulator/control/manifest-sync.ts'
import { readManifests } from '../../../../scripts/emulator/manifests/load.ts'
import { createTestLog } from '../eventing/fixture.ts'
import { createControlBench, kindOf, serviceDocument, triggerDocument } from './fixture.ts'

const read = (...documents: Record<string, unknown>[]) => readManifests(documents)

test('what is new or changed is applied, what is gone is removed, what is the same is left alone', async () => {
  const { control, part } = createControlBench()
  const { log, lines } = createTestLog()
  const sync = createManifestSync({ control, log }, read())
  await sync.apply(read(serviceDocument('a'), triggerDocument('t')))
  expect(part.calls).toEqual(['apply Service/app/a', 'apply Trigger/app/t'])
  await sync.apply(read(triggerDocument('t'), serviceDocument('a')))
  expect(part.calls).toHaveLength(2)
  await sync.apply(read(serviceDocument('a', { image: 'b' }), serviceDocument('c')))
  expect(part.calls.slice(2)).toEqual([
    'apply Service/app/a',
    'apply Service/app/c',
    'remove Trigger/app/t',
  ])
  expect(lines.map(({ scope, message }) => `${scope}: ${message}`)).toEqual([
    'a: Service added',
    't: Trigger added',
    'a: Service changed',
    'c: Service added',
    't: Trigger removed: it is in no manifest any more',
  ])
})

test('what a client changed stays until its file changes, and what it removed is not missed', async () => {
  const { control, part } = createControlBench()
  const { log } = createTestLog()
  const sync = createManifestSync({ control, log }, read())
  await sync.apply(read(serviceDocument('a'), serviceDocument('b')))
  await control.apply(serviceDocument('a', { image: 'other' }))
  const kind = kindOf('serving.knative.dev/v1', 'Service')
  await control.remove({ kind, namespace: 'app', name: 'b' })
  part.calls.splice(0)
  await sync.apply(read(serviceDocument('a')))
  expect(part.calls).toEqual([])
})

test('what fails keeps nothing else from being done, and is tried again', async () => {
  const { control, part } = createControlBench()
  const { log } = createTestLog()
  const sync = createManifestSync({ control, log }, read())
  const wanted = read(serviceDocument('a'), serviceDocument('b'))
  part.refuse(new Error('does not start'))
  await expect(sync.apply(wanted)).rejects.toThrow('does not start')
  expect(part.calls).toEqual(['apply Service/app/b'])
  await sync.apply(wanted)
  expect(part.calls).toEqual(['apply Service/app/b', 'apply Service/app/a'])
})

test('what does not get to work keeps neither the rest nor the next change waiting', async () => {
  const { control, part } = createControlBench()
  const { log } = createTestLog()
  const sync = createManifestSync({ control, log }, read())
  const works = part.hold()
  const first = sync.apply(read(serviceDocument('a'), serviceDocument('b')))
  await vi.waitFor(() => expect(part.calls).toEqual(['apply Service/app/a', 'apply Service/app/b']))
  await sync.apply(read(serviceDocument('a', { image: 'mended' }), serviceDocument('b')))
  works.reject(new Error('does not start'))
  await expect(first).rejects.toThrow('does not start')
  await sync.apply(read())
  expect(part.calls.slice(-2).sort()).toEqual(['remove Service/app/a', 'remove Service/app/b'])
})
