/** Whether the emulator's memory stays flat: straight lines through the samples of lives that lasted. */
import type { Sample } from './keeper.ts'

/** What the samples say. */
export interface Memory {
  /** MiB a minute in the longest life, after it warmed up; undefined when none lasted. */
  readonly slopeMibPerMinute: number | undefined
  /** How long that life was watched, warm. */
  readonly watchedSeconds: number
  readonly lastMib: number
  readonly peakMib: number
  readonly openFiles: number
  readonly peakOpenFiles: number
}

/** Code is compiled and caches fill up to here. */
const WARM_SECONDS = 60
/** Below this a line through samples says nothing. */
const LEAST_SECONDS = 60

/** Sums the samples up. */
export function toMemory(samples: readonly Sample[]): Memory {
  const lives = Map.groupBy(samples, ({ generation }) => generation)
  const longest = [...lives.values()].toSorted((a, b) => b.length - a.length)[0] ?? []
  const warm = longest.filter(({ second }) => second >= WARM_SECONDS)
  const watched = (warm.at(-1)?.second ?? 0) - (warm[0]?.second ?? 0)
  return {
    slopeMibPerMinute: watched < LEAST_SECONDS ? undefined : slope(warm) * 60,
    watchedSeconds: Math.round(watched),
    lastMib: Math.round(samples.at(-1)?.mib ?? 0),
    peakMib: Math.round(Math.max(0, ...samples.map(({ mib }) => mib))),
    openFiles: samples.at(-1)?.files ?? 0,
    peakOpenFiles: Math.max(0, ...samples.map(({ files }) => files)),
  }
}

/** Least squares, in MiB a second. */
function slope(samples: readonly Sample[]): number {
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length
  const x = mean(samples.map(({ second }) => second))
  const y = mean(samples.map(({ mib }) => mib))
  const above = samples.reduce((sum, { second, mib }) => sum + (second - x) * (mib - y), 0)
  const below = samples.reduce((sum, { second }) => sum + (second - x) ** 2, 0)
  return above / below
}
