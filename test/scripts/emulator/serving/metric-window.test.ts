import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createMetricWindow } from '../../../../scripts/emulator/serving/metric-window.ts'

const anyWrites = fc.array(
  fc.record({ gap: fc.integer({ min: 0, max: 9 }), value: fc.integer({ min: 0, max: 100 }) }),
  { minLength: 1, maxLength: 60 },
)

test('the average equals a re-computation over all that was ever written', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 7 }),
      anyWrites,
      fc.integer({ min: 0, max: 9 }),
      (size, writes, wait) => {
        const window = createMetricWindow(size)
        const written = new Map<number, number>()
        let second = 1_000
        for (const { gap, value } of writes) {
          second += gap
          window.record(second, value)
          written.set(second, (written.get(second) ?? 0) + value)
        }
        const wanted = naiveAverage(written, size, second + wait)
        if (wanted === undefined) expect(window.average(second + wait)).toBeUndefined()
        else expect(window.average(second + wait)).toBeCloseTo(wanted, 5)
      },
    ),
  )
})

test('silence at the end shortens the window instead of counting as zero', () => {
  const window = createMetricWindow(6)
  window.record(10, 12)
  window.record(11, 12)
  expect(window.average(14)).toBe(12)
  expect(window.average(17)).toBeUndefined()
})

test('the weighted form prefers the newest second', () => {
  const window = createMetricWindow(60, { weighted: true })
  for (let second = 0; second < 60; second++) window.record(second, second < 50 ? 0 : 10)
  expect(window.average(59)).toBeGreaterThan(8)
})

/** Buckets of the last `size` seconds; the count is from the first write since the last gap of a whole window. */
function naiveAverage(
  written: ReadonlyMap<number, number>,
  size: number,
  now: number,
): number | undefined {
  const seconds = [...written.keys()].sort((a, b) => a - b)
  const last = seconds.at(-1) ?? 0
  if (now - last >= size) return undefined
  let first = last
  for (const second of seconds.toReversed()) {
    if (first - second >= size) break
    first = second
  }
  const count = Math.min(last - first + 1, size - (now - last))
  let sum = 0
  for (let second = last - count + 1; second <= last; second++) sum += written.get(second) ?? 0
  return sum / count
}
