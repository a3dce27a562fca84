import { expect, onTestFinished, test } from 'vitest'
import {
  type JobStore,
  openJobStore,
} from '../../../../../scripts/emulator/eventing/sinks/job-store.ts'
import { temporaryDirectory } from '../fixture.ts'

const name = (id: string) => ({ namespace: 'app', sink: 'work', source: '/s', id })
const ids = (store: JobStore): string[] => store.list('app', 'work').map(({ id }) => id)

function open(): JobStore {
  const store = openJobStore(temporaryDirectory())
  onTestFinished(store.close)
  return store
}

test('a job is known by sink, source and id, however they are spelled together', () => {
  const store = open()
  const other = { namespace: 'app', sink: 'work', source: '/s"', id: '"x' }
  expect(store.insert(name('x'), Buffer.from('1'), 1)).toBe(true)
  expect(store.insert(name('x'), Buffer.from('2'), 2)).toBe(false)
  expect(store.insert(other, Buffer.from('3'), 3)).toBe(true)
  const { key = '' } = store.find(name('x')) ?? {}
  expect(Buffer.from(store.event(key)).toString()).toBe('1')
  expect(store.find(name('x'))).toMatchObject({ state: 'running', tries: 0, created: 1 })
})

test('only finished jobs are forgotten, the oldest first', () => {
  const store = open()
  for (const id of ['a', 'b', 'c', 'd']) store.insert(name(id), Buffer.from(id), 1)
  for (const id of ['b', 'c']) {
    store.update(store.find(name(id))?.key ?? '', { state: 'complete', ended: 10 })
  }
  store.prune('app', 'work', -1, 2)
  expect(ids(store)).toEqual(['a', 'c', 'd'])
  store.prune('app', 'work', 9, 100)
  expect(ids(store)).toEqual(['a', 'c', 'd'])
  store.prune('app', 'work', 10, 100)
  expect(ids(store)).toEqual(['a', 'd'])
  store.remove('app', 'work')
  expect(ids(store)).toEqual([])
})
