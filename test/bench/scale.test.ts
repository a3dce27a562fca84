/** The autoscaler's decisions under one recorded load are those of the formula computed apart. */
import { expect, test } from 'vitest'
import { replay } from './scale/replay.ts'
import { SCENARIOS } from './scale/scenarios.ts'

test.each(SCENARIOS.filter(({ name }) => /container concurrency|burst capacity/.test(name)))(
  'every decision is the formula’s: $name',
  async scenario => {
    const { decisions, mismatches, peak, left } = await replay(
      scenario,
      AbortSignal.timeout(60_000),
    )
    expect(mismatches).toEqual([])
    expect(decisions).toBeGreaterThan(50)
    expect(peak).toBeGreaterThan(5)
    expect(left).toBe(0)
  },
  60_000,
)
