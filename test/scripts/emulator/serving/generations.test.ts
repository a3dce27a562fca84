import { expect, test } from 'vitest'
import { openKeyedStore } from '../../../../scripts/emulator/keyed-store.ts'
import { createGenerations } from '../../../../scripts/emulator/serving/generations.ts'
import { createTestLog } from '../eventing/fixture.ts'

const hello = { namespace: 'app', name: 'hello' }
const template = { spec: { containers: [{ image: 'a', env: undefined }] } }

test('the latest generation is known at once, and after a restart with its template', () => {
  const { log } = createTestLog()
  const store = openKeyedStore(undefined, 'numbers')
  const first = createGenerations({ store, log })
  expect(first.latest(hello)).toBeUndefined()
  first.note(hello, { generation: 1, template: { spec: {} } }, [])
  first.note(hello, { generation: 2, template }, [{ generation: 1, template: { spec: {} } }])
  expect(first.latest(hello)?.generation).toBe(2)
  first.flush()
  const latest = createGenerations({ store, log }).latest(hello)
  expect(latest?.generation).toBe(2)
  expect(latest?.older).toEqual([{ generation: 1, template: { spec: {} } }])
  // In another order, and with what is not there said to be undefined.
  expect(latest?.isOf({ spec: { containers: [{ env: undefined, image: 'a' }] } })).toBe(true)
  expect(latest?.isOf({ spec: { containers: [{ image: 'b' }] } })).toBe(false)
})

test('what is on the disk already is not written again at each start', () => {
  const { log } = createTestLog()
  const store = openKeyedStore(undefined, 'numbers')
  let writes = 0
  const putAll: typeof store.putAll = entries => {
    writes += 1
    store.putAll(entries)
  }
  for (const generation of [1, 1, 2]) {
    const generations = createGenerations({ store: { ...store, putAll }, log })
    generations.note(hello, { generation, template }, [])
    generations.flush()
  }
  expect(writes).toBe(2)
})

test('a Service that was deleted begins anew', () => {
  const { log } = createTestLog()
  const store = openKeyedStore(undefined, 'numbers')
  const generations = createGenerations({ store, log })
  generations.note(hello, { generation: 5, template }, [])
  generations.flush()
  generations.forget(hello)
  expect(generations.latest(hello)).toBeUndefined()
  generations.flush()
  expect(store.entries()).toEqual([])
})

test('what is damaged counts as unknown, and a disk that takes nothing is told once', () => {
  const { log, lines } = createTestLog()
  const store = openKeyedStore(undefined, 'numbers')
  store.put('app/hello', { generation: 'many' })
  const generations = createGenerations({ store, log })
  expect(generations.latest(hello)).toBeUndefined()
  store.close()
  for (const generation of [1, 2]) {
    generations.note(hello, { generation, template }, [])
    generations.flush()
  }
  expect(lines.map(({ message }) => message)).toEqual([
    'revisions may be numbered anew: Error: "undefined" is closed',
  ])
})
