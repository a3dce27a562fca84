import { expect, test } from 'vitest'
import { type BenchRow, judge } from './rows.ts'

const ROW: BenchRow = { name: 'ours', kind: 'ours', ratio: 1.5, first_ratio: 2 }

test.each([
  [{ ratio: { max: 1.5 } }, 'yes'],
  [{ ratio: { max: 1.49 } }, 'no'],
  [{ ratio: { min: 1.5 } }, 'yes'],
  [{ ratio: { min: 1.51 } }, 'no'],
  [{ ratio: { max: 2 }, first_ratio: { max: 1.9 } }, 'no'],
  [{ missing_ms: { max: 9 } }, 'no'],
])('a row held against %j is within: %s', (budget, within) => {
  expect(judge(ROW, budget)).toMatchObject({ ...ROW, within })
})

test('a figure that is no number keeps no budget', () => {
  expect(judge({ ...ROW, ratio: Number.NaN }, { ratio: { max: 9 } }).within).toBe('no')
})

test('the budget is told in words', () => {
  expect(judge(ROW, { ratio: { max: 1.5 }, first_ratio: { min: 1 } }).budget).toBe(
    'ratio <= 1.5, first_ratio >= 1',
  )
})
