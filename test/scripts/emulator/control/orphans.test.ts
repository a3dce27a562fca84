/** What comes back after a restart, and what does not for want of its owners. */
import { expect, test } from 'vitest'
import { openKeyedStore } from '../../../../scripts/emulator/keyed-store.ts'
import { kindOf, serviceDocument, triggerDocument } from './fixture.ts'
import { hello, keysOf, ownedMap, ownerOf, place, startBench } from './kept.fixture.ts'

test('what lost its owners while nothing ran goes as it would have gone with them', async () => {
  const file = place()
  const first = await startBench(file, serviceDocument('hello'), serviceDocument('stays'))
  const uidOf = (name: string) => first.control.get({ ...hello, name }).object.metadata.uid
  await first.control.apply(ownedMap('goes', uidOf('hello')))
  await first.control.apply(ownedMap('goes-too', uidOf('hello'), { labels: { inner: 'yes' } }))
  await first.control.apply(ownedMap('kept', uidOf('stays'), {}, 'stays'))
  const foreign = { ...ownerOf('x'), apiVersion: 'old.knative.dev/v1', kind: 'Old' }
  await first.control.apply({
    ...ownedMap('of-unknown', ''),
    metadata: { name: 'of-unknown', namespace: 'app', ownerReferences: [foreign] },
  })
  const second = await startBench(file, serviceDocument('stays'))
  const maps = second.control.catalogue.list().filter(({ kind }) => kind.kind === 'ConfigMap')
  expect(maps.map(({ object }) => object.metadata.name)).toEqual(['kept', 'of-unknown'])
  expect(keysOf(file)).toEqual(['/ConfigMap/app/kept', '/ConfigMap/app/of-unknown'])
  expect(second.lines.map(({ message }) => message)).toContain(
    'configmaps app/goes, which a client made, goes with its owner',
  )
})

test('what did not come back goes with its namespace', async () => {
  const file = place()
  const first = await startBench(file)
  await first.control.apply(triggerDocument('t'))
  const key = 'eventing.knative.dev/Trigger/app/t'
  const store = openKeyedStore(file, 'what clients applied')
  store.put(key, { document: triggerDocument('t', { subscriber: 5 }) })
  store.close()
  const second = await startBench(file)
  await second.control.apply(ownedMap('c'))
  expect(keysOf(file)).toEqual([key, '/ConfigMap/app/c'])
  await second.control.remove({ kind: kindOf('v1', 'Namespace'), namespace: '', name: 'app' })
  expect(keysOf(file)).toEqual([])
})

test('of many that come back only some are named', async () => {
  const file = place()
  const { control } = await startBench(file)
  for (let index = 0; index < 13; index++) await control.apply(ownedMap(`c${index}`))
  const { lines } = await startBench(file)
  expect(lines[0]?.message).toMatch(/: configmaps app\/c0, .*configmaps app\/c9 and 3 more$/)
})
