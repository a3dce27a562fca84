/**
 * A function at zero, asked from outside through the emulator, beside the bare start of the same process with the same
 * environment and the same request; and an event for a function at zero, until its delivery succeeded.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createChildren } from './children.ts'
import { openHello } from './coldstart/hello.ts'
import { openPlatform } from './coldstart/platform.ts'
import type { ColdSubject } from './coldstart/subject.ts'
import { untilAtZero } from './coldstart/zero.ts'
import { timeStart, warm } from './processes.ts'
import {
  type BenchContext,
  type BenchRow,
  type Budget,
  judge,
  median,
  quantile,
  round,
} from './rows.ts'

const ROUNDS = 15
const QUICK_ROUNDS = 2
const BUDGET: Budget = { ratio: { max: 1.2 } }

/** Interleaves rounds over all subjects, each bare and through the emulator. */
export async function run({ note, signal, quick = false }: BenchContext): Promise<BenchRow[]> {
  const directory = await mkdtemp(join(tmpdir(), 'aiwfe-coldstart-e2e-'))
  const children = createChildren()
  const closers: (() => Promise<void>)[] = []
  const rounds = quick ? QUICK_ROUNDS : ROUNDS
  try {
    for (const name of ['hello', 'platform']) await mkdir(join(directory, name))
    const hello = await openHello(children, join(directory, 'hello'))
    closers.push(hello.close)
    const platform = await openPlatform(join(directory, 'platform'), ['auth'])
    closers.push(platform.close)
    const subjects = [...hello.subjects, ...platform.subjects]
    const times = subjects.map(subject => ({ subject, bare: [] as number[], cold: [] as number[] }))
    for (const { subject } of times) {
      // Once unmeasured: the disk cache and V8's compile cache are warm, as on a node that ran it before.
      await warm(await subject.command(), signal)
      await subject.ask()
    }
    for (let turn = 1; turn <= rounds; turn++) {
      note(`round ${turn} of ${rounds}`)
      for (const { subject, bare, cold } of times) {
        signal.throwIfAborted()
        bare.push((await timeStart(await subject.command())).firstMs)
        await untilAtZero(subject, signal)
        cold.push(await subject.ask())
      }
    }
    return times.flatMap(({ subject, bare, cold }) => toRows(subject, bare, cold))
  } finally {
    for (const close of closers) await close()
    await children.close()
    await rm(directory, { recursive: true, force: true, maxRetries: 3 })
  }
}

function toRows(
  { name, isRequest }: ColdSubject,
  bare: readonly number[],
  cold: readonly number[],
): BenchRow[] {
  const toFigures = (times: readonly number[]): Record<string, number> => ({
    ratio: round(median(times) / median(bare)),
    median_ms: round(median(times)),
    p90_ms: round(quantile(times, 0.9)),
  })
  const row: BenchRow = { name, kind: 'ours', ...toFigures(cold) }
  return [
    // An event is written to the disk first, twice; the budget is of requests.
    isRequest ? judge(row, BUDGET) : row,
    { name: `${name}, bare process`, kind: 'floor', ...toFigures(bare) },
  ]
}
