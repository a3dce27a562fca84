import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Rollout, stepRollout } from '../../../../scripts/emulator/serving/rollout.ts'

const first: Rollout = { shares: [{ revision: 'a', percent: 100 }] }
const goal = (revision: string, percent = 100) => ({ revision, percent })

test('a new revision begins with one percent and has everything when the duration is over', () => {
  let rollout = stepRollout(first, { goal: goal('b'), now: 0, durationMs: 100_000 })
  expect(rollout.shares).toEqual([goal('a', 99), goal('b', 1)])
  let steps = 0
  for (; rollout.step; steps++) {
    const now = rollout.step.nextAt
    expect(now).toBeLessThanOrEqual(100_000)
    rollout = stepRollout(rollout, { goal: goal('b'), now, durationMs: 100_000 })
  }
  expect(rollout).toEqual({ shares: [goal('b')] })
  expect(steps).toBe(99)
})

test('a short rollout takes bigger steps, never more than one a second', () => {
  let rollout = stepRollout(first, { goal: goal('b'), now: 0, durationMs: 5_000 })
  const shown: number[] = []
  while (rollout.step) {
    rollout = stepRollout(rollout, {
      goal: goal('b'),
      now: rollout.step.nextAt,
      durationMs: 5_000,
    })
    shown.push(rollout.shares.at(-1)?.percent ?? 0)
  }
  expect(shown).toEqual([26, 51, 76, 100])
})

test('nothing moves before its time', () => {
  const begun = stepRollout(first, { goal: goal('b'), now: 0, durationMs: 100_000 })
  const same = stepRollout(begun, { goal: goal('b'), now: 500, durationMs: 100_000 })
  expect(same).toEqual(begun)
})

test('a third revision takes its percent from the second, and the oldest goes last', () => {
  const begun = stepRollout(first, { goal: goal('b'), now: 0, durationMs: 5_000 })
  const half = stepRollout(begun, { goal: goal('b'), now: 1_000, durationMs: 5_000 })
  const third = stepRollout(half, { goal: goal('c'), now: 1_500, durationMs: 5_000 })
  expect(third.shares).toEqual([goal('a', 74), goal('b', 25), goal('c', 1)])
  const next = stepRollout(third, { goal: goal('c'), now: 2_500, durationMs: 5_000 })
  expect(next.shares).toEqual([goal('a', 74), goal('c', 26)])
})

test('without a duration, or with one percent to give, it is done at once', () => {
  expect(stepRollout(first, { goal: goal('b'), now: 0, durationMs: 0 })).toEqual({
    shares: [goal('b')],
  })
  const one: Rollout = { shares: [goal('a', 1)] }
  expect(stepRollout(one, { goal: goal('b', 1), now: 0, durationMs: 60_000 })).toEqual({
    shares: [goal('b', 1)],
  })
})

test('whatever is deployed and however percents change, the shares sum to the target and it ends', () => {
  const anyChange = fc.record({
    revision: fc.constantFrom('a', 'b', 'c', 'd'),
    percent: fc.integer({ min: 2, max: 100 }),
    waitMs: fc.integer({ min: 0, max: 20_000 }),
  })
  fc.assert(
    fc.property(
      fc.array(anyChange, { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 1, max: 60 }),
      (changes, seconds) => {
        const durationMs = seconds * 1_000
        let rollout: Rollout | undefined
        let now = 0
        let last = goal('a')
        for (const { revision, percent, waitMs } of changes) {
          now += waitMs
          last = goal(revision, percent)
          rollout = stepRollout(rollout, { goal: last, now, durationMs })
          const sum = rollout.shares.reduce((total, share) => total + share.percent, 0)
          expect(sum).toBe(percent)
          expect(new Set(rollout.shares.map(share => share.revision)).size).toBe(
            rollout.shares.length,
          )
        }
        for (let steps = 0; rollout?.step; steps++) {
          expect(steps).toBeLessThan(100)
          rollout = stepRollout(rollout, { goal: last, now: rollout.step.nextAt, durationMs })
        }
        expect(rollout?.shares).toEqual([last])
      },
    ),
  )
})
