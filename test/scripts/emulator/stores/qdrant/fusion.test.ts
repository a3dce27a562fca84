import { expect, it } from 'vitest'
import { fuseRanks, fuseScores } from '../../../../../scripts/emulator/stores/qdrant/fusion.ts'

const list = (...ids: number[]): { id: number; score: number }[] =>
  ids.map((id, at) => ({ id, score: 1 - at / 10 }))

it("fuses ranks with Qdrant's own figures", () => {
  const fused = fuseRanks([list(2, 1), list(1, 2, 3), list(5, 3, 1)])
  expect(fused.map(({ id, score }) => [id, score.toFixed(6)])).toEqual([
    [1, '1.083333'],
    [2, '0.833333'],
    [3, '0.583333'],
    [5, '0.500000'],
  ])
})

it('weighs lists by compressing their ranks', () => {
  const fused = fuseRanks([list(1, 2), list(2, 1)], { weights: [3, 1] })
  expect(fused.map(({ id }) => id)).toEqual([2, 1])
  expect(fused[0]?.score).toBeCloseTo(1 / (2 / 3 + 1) + 1 / 2)
  expect(() => fuseRanks([list(1)], { weights: [1, 2] })).toThrow(
    'Number of weights in RRF should match number of pre-fetches: got 2, expected 1',
  )
})

it('gives a half to scores that have no spread', () => {
  expect(
    fuseScores([
      list(1),
      [
        { id: 2, score: 4 },
        { id: 3, score: 4 },
      ],
      [],
    ]),
  ).toEqual([
    { id: 1, score: 0.5 },
    { id: 2, score: 0.5 },
    { id: 3, score: 0.5 },
  ])
})
