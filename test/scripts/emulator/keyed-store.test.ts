import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { openKeyedStore } from '../../../scripts/emulator/keyed-store.ts'
import { temporaryDirectory } from './eventing/fixture.ts'

const place = (): string => join(temporaryDirectory(), 'objects.sqlite')

test('what was put is there when the file is opened again, in the order in which it first came', () => {
  const file = place()
  const store = openKeyedStore(file, 'what is kept')
  store.put('b', { n: 1 })
  store.put('a', { n: 2, deep: { list: [null, 'ü'] } })
  store.put('b', { n: 3 })
  store.put('c', {})
  store.remove(['c', 'nothing'])
  // Not closed: a process that is killed closes nothing.
  const again = openKeyedStore(file, 'what is kept')
  expect(again.entries()).toEqual([
    ['b', { n: 3 }],
    ['a', { n: 2, deep: { list: [null, 'ü'] } }],
  ])
  expect(again.get('b')).toEqual({ n: 3 })
  expect(again.get('c')).toBeUndefined()
  store.close()
  again.close()
})

test('no file is made before something is put, and then only its owner may read it or what is beside it', () => {
  const file = place()
  const store = openKeyedStore(file, 'what is kept')
  store.remove(['a'])
  expect(existsSync(file)).toBe(false)
  store.put('secret', { data: 'x' })
  const modes = ['', '-wal', '-shm'].map(end => (statSync(file + end).mode & 0o777).toString(8))
  expect(modes).toEqual(['600', '600', '600'])
  store.close()
})

test('a write that was torn off by a crash leaves what was there before', () => {
  const file = place()
  const store = openKeyedStore(file, 'what is kept')
  store.put('a', { n: 1 })
  const wal = `${file}-wal`
  const whole = readFileSync(wal).length
  store.put('b', { text: 'x'.repeat(10_000) })
  const torn = place()
  writeFileSync(torn, readFileSync(file))
  const half = whole + Math.floor((readFileSync(wal).length - whole) / 2)
  writeFileSync(`${torn}-wal`, readFileSync(wal).subarray(0, half))
  const after = openKeyedStore(torn, 'what is kept')
  expect(after.entries()).toEqual([['a', { n: 1 }]])
  after.put('c', {})
  expect(after.entries()).toHaveLength(2)
  after.close()
  store.close()
})

test('a file of no bytes, which a crash left before the first write, is an empty store', () => {
  const file = place()
  writeFileSync(file, '')
  const store = openKeyedStore(file, 'what is kept')
  expect(store.entries()).toEqual([])
  store.put('a', {})
  store.close()
})

test.each([
  ['is no database', (file: string) => writeFileSync(file, 'x'.repeat(8192)), 'not a database'],
  ['is of another version', of('PRAGMA user_version = 99'), 'schema version must be 1, got 99'],
  ['holds what is no JSON', of(`UPDATE entries SET value = '{'`), 'JSON'],
  ['holds what is no object', of(`UPDATE entries SET value = '1'`), 'must be an object'],
])('a file that %s is an error that names it and deletes nothing', (_name, damage, why) => {
  const file = place()
  const store = openKeyedStore(file, 'what is kept')
  store.put('a', { n: 1 })
  store.close()
  damage(file)
  const bytes = readFileSync(file)
  const open = (): unknown => openKeyedStore(file, 'what is kept')
  expect(open).toThrow(`what is kept, in "${file}", cannot be read`)
  expect(open).toThrow(why)
  expect(open).toThrow('nothing was deleted; restore or move the file, or start with --fresh')
  expect(readFileSync(file)).toEqual(bytes)
})

test('what the disk does not take is an error, and changes nothing', () => {
  const file = place()
  mkdirSync(file)
  chmodSync(file, 0o700)
  expect(() => openKeyedStore(file, 'what is kept')).toThrow('cannot be read')
  const store = openKeyedStore(join(file, 'below', 'objects.sqlite'), 'what is kept')
  writeFileSync(join(file, 'below'), 'a file where a folder should be')
  expect(() => store.put('a', {})).toThrow(/^cannot write ".*objects\.sqlite": /)
  expect(store.entries()).toEqual([])
})

function of(sql: string): (file: string) => void {
  return file => {
    const database = new DatabaseSync(file)
    database.exec(sql)
    database.close()
  }
}

test('without a file nothing outlives the process', () => {
  const store = openKeyedStore(undefined, 'what is kept')
  store.putAll([
    ['a', { n: 1 }],
    ['b', { n: 2 }],
  ])
  store.remove(['a'])
  expect(store.entries()).toEqual([['b', { n: 2 }]])
  store.close()
  expect(() => store.put('a', {})).toThrow('closed')
})
