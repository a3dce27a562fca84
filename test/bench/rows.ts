/** Rows of a bench: figures with their ratio to the floor or peer of the same run. */

/** What a bench is run with. */
export interface BenchContext {
  /** Tells a person how far it is. */
  note: (line: string) => void
  /** Ends it early: it closes what it started and throws. */
  signal: AbortSignal
  /** Few and small rounds, to see that it works; its figures say nothing. */
  quick?: boolean
}

/** One thing measured. */
export interface BenchRow {
  name: string
  kind: 'ours' | 'peer' | 'floor'
  /**
   * This row's figure divided by the reference's, whose own ratio is 1: of times (coldstart) less is better, of
   * throughput (broker, gateway) and agreement (scale) more is. Absent from what was skipped.
   */
  ratio?: number
  /** Why it was not measured. */
  skipped?: string
  /** What {@link judge} held the row against. */
  budget?: string
  within?: 'yes' | 'no'
  [figure: string]: string | number | undefined
}

/** Figures of a row with the most, or the least, that each may be. */
export type Budget = Readonly<Record<string, { max: number } | { min: number }>>

/** The row with its budget in words and whether it keeps it; a figure that is missing keeps none. */
export function judge(row: BenchRow, budget: Budget): BenchRow {
  const limits = Object.entries(budget)
  const kept = limits.every(([figure, limit]) => {
    const value = Number(row[figure])
    return 'max' in limit ? value <= limit.max : value >= limit.min
  })
  const words = limits.map(([figure, limit]) =>
    'max' in limit ? `${figure} <= ${limit.max}` : `${figure} >= ${limit.min}`,
  )
  return { ...row, budget: words.join(', '), within: kept ? 'yes' : 'no' }
}

/** The middle value; half-way between the middle two of an even count. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** Linear interpolation between closest ranks. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  const position = (sorted.length - 1) * q
  const low = sorted[Math.floor(position)] ?? Number.NaN
  const high = sorted[Math.ceil(position)] ?? Number.NaN
  return low + (high - low) * (position - Math.floor(position))
}

/** Rounds for print: three significant digits are all that a laptop can repeat. */
export const round = (value: number): number => Number(value.toPrecision(3))

/** Aligns rows for a person. */
export function toText(rows: readonly BenchRow[]): string {
  const columns = [...new Set(rows.flatMap(row => Object.keys(row)))]
  const cells = [columns, ...rows.map(row => columns.map(column => String(row[column] ?? '')))]
  const widths = columns.map((_, index) => Math.max(...cells.map(line => line[index]?.length ?? 0)))
  return cells
    .map(line =>
      line
        .map((cell, index) => cell.padEnd(widths[index] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
