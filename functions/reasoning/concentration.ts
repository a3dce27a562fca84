/** How much of the probability lies on few options; says nothing about being right. */

/** 1 − H(p) / ln N: 0 when all options are alike, 1 when one has everything. `p` sums to 1. */
export function concentration(p: readonly number[]): number {
  if (p.length < 2) return 1
  const entropy = -p.reduce((sum, value) => sum + (value > 0 ? value * Math.log(value) : 0), 0)
  return Math.min(Math.max(1 - entropy / Math.log(p.length), 0), 1)
}

/** Scales to a sum of 1; all zero says nothing, so everything is alike. */
export function normalise(weights: readonly number[]): number[] {
  const sum = weights.reduce((total, weight) => total + weight, 0)
  return weights.map(weight => (sum > 0 ? weight / sum : 1 / weights.length))
}
