/** A short soak: functions and the emulator are killed under load, and nothing that was accepted is lost. */
import { expect, test } from 'vitest'
import { hasProc } from '../soak/processes.ts'
import { toFailures } from '../soak/report.ts'
import { soak } from '../soak/soak.ts'

test.skipIf(!hasProc)(
  'kills under load lose no accepted event and leave no process',
  async () => {
    const report = await soak({
      ...{ seconds: 10, seed: 20_260_101, producers: 2, visitors: 2, settleSeconds: 60 },
      note: () => {},
      signal: AbortSignal.timeout(110_000),
    })
    expect(toFailures(report), JSON.stringify(report.evidence)).toEqual([])
    expect(report.emulatorKills).toBeGreaterThan(1)
    expect(report.functionKills).toBeGreaterThan(1)
    expect(report.tally.owed).toBeGreaterThan(report.tally.accepted)
  },
  120_000,
)
