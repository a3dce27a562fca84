/**
 * From zero to many and back: recorded loads on the virtual clock, each decision of the emulator's autoscaler beside
 * the formula computed apart; and the first replica of a function at zero beside the bare start of its process.
 */
import { timeStart } from './processes.ts'
import { type BenchContext, type BenchRow, type Budget, judge, median, round } from './rows.ts'
import { replay } from './scale/replay.ts'
import { SCENARIOS } from './scale/scenarios.ts'
import { HOLD } from './scale/world.ts'

const EXACT: Budget = { mismatches: { max: 0 }, left: { max: 0 } }
const COLD: Budget = { ratio: { max: 1.2 } }
const BARE_STARTS = 3

/** Replays every scenario; between them the bare starts, so that both see the same machine. */
export async function run({ note, signal, quick = false }: BenchContext): Promise<BenchRow[]> {
  const rows: BenchRow[] = []
  const bare: number[] = []
  const first: number[] = []
  for (const scenario of quick ? SCENARIOS.slice(0, 2) : SCENARIOS) {
    note(scenario.name)
    const result = await replay(scenario, signal)
    for (const line of result.mismatches) note(line)
    first.push(...result.firstReplicaMs)
    for (let n = 0; n < BARE_STARTS; n++) bare.push(await startBare(signal))
    const row: BenchRow = {
      name: scenario.name,
      kind: 'ours',
      // The formula computed apart is the reference: the part of the decisions that are its own.
      ratio: round(1 - result.mismatches.length / result.decisions),
      decisions: result.decisions,
      mismatches: result.mismatches.length,
      peak: result.peak,
      left: result.left,
      max_lag_ms: round(Math.max(0, ...result.lagsMs)),
    }
    rows.push(judge(row, EXACT))
  }
  const ratio = round(median(first) / median(bare))
  rows.push(
    judge({ name: 'first replica', kind: 'ours', ratio, median_ms: round(median(first)) }, COLD),
    { name: 'bare process', kind: 'floor', ratio: 1, median_ms: round(median(bare)) },
  )
  return rows
}

/** Spawn to open port, as the emulator's own probe sees it. */
async function startBare(signal: AbortSignal): Promise<number> {
  signal.throwIfAborted()
  const { readyMs } = await timeStart({
    args: [HOLD],
    env: {},
    request: { method: 'GET', path: '/quick' },
    status: 200,
  })
  return readyMs
}
