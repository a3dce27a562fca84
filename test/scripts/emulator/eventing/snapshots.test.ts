import { expect, test, vi } from 'vitest'
import { createSnapshots } from '../../../../scripts/emulator/eventing/snapshots.ts'

test('a list is made once in a look, and each time outside of one', () => {
  const { take, inOneLook } = createSnapshots()
  const make = vi.fn(() => [1])
  take(make)
  take(make)
  expect(make).toHaveBeenCalledTimes(2)
  inOneLook(() => {
    expect(take(make)).toBe(take(make))
  })
  expect(make).toHaveBeenCalledTimes(3)
})

test('a look within another sees what has changed, and one that throws ends', () => {
  const { take, inOneLook } = createSnapshots()
  let list = ['before']
  const make = (): string[] => list
  inOneLook(() => {
    expect(take(make)).toEqual(['before'])
    list = ['after']
    expect(inOneLook(() => take(make))).toEqual(['after'])
  })
  const fail = (): never => {
    throw new Error('no')
  }
  expect(() => inOneLook(fail)).toThrow('no')
  list = ['later']
  expect(take(make)).toEqual(['later'])
})
