/** What a soak found. */
import type { Tally } from './ledger.ts'
import type { LoadCounts } from './load.ts'
import type { Memory } from './memory.ts'

/** The result of one soak. */
export interface SoakReport {
  readonly seed: number
  readonly seconds: number
  readonly emulatorKills: number
  readonly functionKills: number
  readonly load: LoadCounts
  readonly tally: Tally
  /** Events that had not ended when the wait for them did. */
  readonly unfinished: number
  /** Processes that outlived their emulator. */
  readonly orphans: readonly number[]
  /** Whether it ended by itself when it was asked to. */
  readonly endedInOrder: boolean
  readonly memory: Memory
  /** What the emulator knows of the first lost ones. */
  readonly evidence: readonly unknown[]
}

/** Why a soak failed, in words; empty when it passed. */
export function toFailures(report: SoakReport): string[] {
  const { tally, orphans, load } = report
  const failures: string[] = []
  if (tally.lost.length > 0) failures.push(`${tally.lost.length} of ${tally.owed} lost`)
  if (tally.accepted === 0) failures.push('nothing was accepted, so nothing is proven')
  if (tally.wrong > 0) failures.push(`${tally.wrong} deliveries were of another body or receiver`)
  if (load.wrong > 0) failures.push(`${load.wrong} requests got the answer of another`)
  if (report.unfinished > 0) failures.push(`${report.unfinished} events did not end`)
  if (orphans.length > 0) failures.push(`orphans: ${orphans.join(', ')}`)
  if (!report.endedInOrder) failures.push('the emulator did not end when it was asked to')
  return failures
}

/** For a person. */
export function toText(report: SoakReport): string {
  const { tally, memory, load } = report
  const { slopeMibPerMinute: slope } = memory
  const lines: [string, string | number][] = [
    ['seed', report.seed],
    ['seconds', report.seconds],
    ['kills', `${report.emulatorKills} of the emulator, ${report.functionKills} of functions`],
    ['publishes', toCounts(load.publishes)],
    ['requests', toCounts(load.requests)],
    ['accepted', tally.accepted],
    ['owed', tally.owed],
    ['lost', tally.lost.length],
    ['duplicates', tally.duplicates],
    ['dead letters', `${tally.deadLettered} that could have succeeded`],
    ['orphans', report.orphans.length],
    ['memory', `${memory.lastMib} MiB, peak ${memory.peakMib}`],
    [
      'slope',
      slope === undefined
        ? 'no life lasted long enough'
        : `${slope.toFixed(2)} MiB a minute over ${memory.watchedSeconds} s`,
    ],
    ['open files', `${memory.openFiles}, peak ${memory.peakOpenFiles}`],
  ]
  return lines.map(([name, value]) => `${name.padEnd(14)}${value}`).join('\n')
}

const toCounts = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([status, times]) => `${status}: ${times}`)
    .join(', ')
