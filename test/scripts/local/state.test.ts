import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openState } from '../../../scripts/local/state.ts'
import { temporaryDirectory } from '../../fixtures/started.ts'

let folder: ReturnType<typeof temporaryDirectory>
beforeEach(() => {
  folder = temporaryDirectory()
})
afterEach(() => folder.remove())

test('fresh empties a state folder and nothing else', () => {
  openState(folder.path, { fresh: false }).close()
  mkdirSync(join(folder.path, 'events'))
  writeFileSync(join(folder.path, 'secrets.json'), '{}')
  const state = openState(folder.path, { fresh: true })
  expect(readdirSync(folder.path).filter(name => !/^(lock|owner)/.test(name))).toEqual([])
  state.close()
})

test('fresh refuses a folder that holds anything of somebody else, and touches none of it', () => {
  writeFileSync(join(folder.path, 'thesis.txt'), 'years of work')
  writeFileSync(join(folder.path, 'env'), 'A=1')
  expect(() => openState(folder.path, { fresh: true })).toThrow(
    `"${folder.path}" is not emptied: it holds "thesis.txt"`,
  )
  expect(readdirSync(folder.path).sort()).toEqual(['env', 'thesis.txt'])
})

test('what an interrupted fresh left behind is removed at the next start', () => {
  mkdirSync(join(folder.path, 'trash-1'))
  writeFileSync(join(folder.path, 'trash-1', 'secrets.json'), '{}')
  openState(folder.path, { fresh: false }).close()
  expect(existsSync(join(folder.path, 'trash-1'))).toBe(false)
})

test('a folder in use is refused, and free again after close', () => {
  const state = openState(folder.path, { fresh: false })
  expect(() => openState(folder.path, { fresh: false })).toThrow(`"${folder.path}" must be free`)
  state.close()
  openState(folder.path, { fresh: false }).close()
})

test.each(['null', '[', '{"sql":"x"}'])(
  'remembered ports that read %s are only forgotten',
  text => {
    writeFileSync(join(folder.path, 'ports.json'), text)
    const state = openState(folder.path, { fresh: false })
    expect(state.ports).toEqual({})
    state.close()
  },
)
