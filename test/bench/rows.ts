/** Rows of a bench: figures with their ratio to the floor or peer of the same run. */

/** One thing measured. `ratio` is this row against the reference that the bench names. */
export interface BenchRow {
  name: string
  kind: 'ours' | 'peer' | 'floor'
  ratio: number
  /** What the row's ratio may be at most (or, for throughput, at least). */
  budget?: string
  [figure: string]: string | number | undefined
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
