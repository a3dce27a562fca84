import { expect, test } from 'vitest'
import type { Sample } from './keeper.ts'
import { toMemory } from './memory.ts'

const life = (generation: number, seconds: number, mibAt: (second: number) => number): Sample[] =>
  Array.from({ length: seconds }, (_, second) => ({
    ...{ generation, second, mib: mibAt(second), files: 20 + generation },
  }))

test('the slope is that of the longest life after it warmed up', () => {
  const warming = (second: number): number => (second < 30 ? second : 100 + second / 60)
  const memory = toMemory([...life(1, 20, s => s * 9), ...life(2, 200, warming)])
  expect(memory.slopeMibPerMinute).toBeCloseTo(1, 6)
  expect(memory).toMatchObject({ watchedSeconds: 139, peakMib: 171, openFiles: 22 })
})

test('a life that was short says nothing of a slope', () => {
  expect(toMemory(life(1, 80, () => 100)).slopeMibPerMinute).toBeUndefined()
  expect(toMemory([]).slopeMibPerMinute).toBeUndefined()
})
