/** One-second buckets of a metric and their average, as Knative's aggregation keeps them. */

/** A window over the latest seconds. Seconds are whole numbers that never go back. */
export interface MetricWindow {
  /** Adds to the bucket of that second. */
  record(second: number, value: number): void
  /** The average as of that second; undefined when the window holds no data at all. */
  average(second: number): number | undefined
}

const SMOOTHING = 0.9999
const MIN_COEFFICIENT = 0.2
const PRECISION = 1e6

/** A window of `seconds` buckets (serving pkg/autoscaler/aggregation/bucketing.go). */
export function createMetricWindow(
  seconds: number,
  { weighted = false }: { weighted?: boolean } = {},
): MetricWindow {
  const buckets = new Float64Array(seconds)
  let first: number | undefined
  let last = 0

  function record(second: number, value: number): void {
    if (first === undefined || second - last >= seconds) {
      buckets.fill(0)
      first = second
    } else {
      for (let gap = last + 1; gap <= second; gap++) buckets[gap % seconds] = 0
    }
    last = Math.max(last, second)
    buckets[second % seconds] = (buckets[second % seconds] ?? 0) + value
  }

  function average(second: number): number | undefined {
    // Trailing silence makes the window shorter instead of counting as zero.
    const silent = Math.max(0, second - last)
    if (first === undefined || silent >= seconds) return undefined
    const held = seconds - silent
    const value = weighted ? weightedAverage(held) : linearAverage(Math.min(last - first + 1, held))
    return Math.round(value * PRECISION) / PRECISION
  }

  function linearAverage(count: number): number {
    let sum = 0
    for (let age = 0; age < count; age++) sum += at(last - age)
    return sum / count
  }

  function weightedAverage(count: number): number {
    const coefficient = Math.max(MIN_COEFFICIENT, 1 - (1 - SMOOTHING) ** (1 / seconds))
    let sum = 0
    for (let age = 0; age < count; age++)
      sum += coefficient * (1 - coefficient) ** age * at(last - age)
    return sum
  }

  const at = (second: number): number => buckets[((second % seconds) + seconds) % seconds] ?? 0

  return { record, average }
}
