/** The formula that judges the emulator, judged itself by numbers worked out by hand. */
import { expect, test } from 'vitest'
import { createFormula, DEFAULTS, type FormulaSettings } from './formula.ts'

/** Ten in flight a replica, seven aimed at. */
const TEN = { ...DEFAULTS, total: 10 }

test('the average of what was measured, over the target, rounded up', () => {
  const formula = createFormula(TEN)
  formula.measured(0, 10)
  formula.measured(1, 14)
  // (10 + 14) / 2 / 7 = 1.7
  expect(formula.decide(2, 1)).toBe(2)
})

test('twice the capacity in the panic window is a panic, which never shrinks', () => {
  const formula = createFormula(TEN)
  for (let second = 0; second < 10; second++) formula.measured(second, 70)
  expect(formula.decide(10, 1)).toBe(10)
  for (let second = 10; second < 60; second++) formula.measured(second, 0)
  expect(formula.decide(60, 10)).toBe(10)
  for (let second = 60; second < 72; second++) formula.measured(second, 0)
  // The window after the panic began is over; no more than half may go at once.
  expect(formula.decide(72, 10)).toBe(5)
})

test('without requests the last replica stays for a window, and until the activator served for thirty seconds', () => {
  expect(goneAt({ ...TEN, windowSeconds: 10 })).toBe(30)
  // Silent at 10 s, which is when the activator comes into the path.
  expect(goneAt({ ...TEN, windowSeconds: 10, targetBurstCapacity: 0 })).toBe(40)
  // Active at 2 s and for a window, so inactive at 12 s; decisions come every two seconds.
  expect(goneAt({ ...TEN, windowSeconds: 10, retentionSeconds: 45 })).toBe(12 + 46)
})

/** When one request at the start has no replica left. */
function goneAt(settings: FormulaSettings): number {
  const formula = createFormula(settings)
  formula.poke(0.5)
  expect(formula.decide(0.5, 0)).toBe(1)
  formula.measured(0, 1)
  for (let second = 1; second < 100; second++) {
    formula.measured(second, 0)
    const now = second + 1
    if (now % 2 === 0 && formula.decide(now, 1) === 0) return now
  }
  return Number.NaN
}
