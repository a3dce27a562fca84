/** The four distances, their order, and how vectors are prepared for them. */

/** Names as in Qdrant's API. */
export type Distance = 'Cosine' | 'Dot' | 'Euclid' | 'Manhattan'

/** How vectors of a collection are compared. */
export interface Metric {
  /** Whether a larger score is the better one. */
  largerIsBetter: boolean
  /** What is stored for a vector: for cosine the unit vector, as Qdrant keeps and returns it. */
  prepare(vector: Float32Array): Float32Array
  /** The score of `query` against the vector that starts at `offset` in `vectors`. */
  score(query: Float32Array, vectors: Float32Array, offset: number): number
  /** The same order for usearch, which knows no Manhattan. */
  indexed: 'ip' | 'l2sq' | undefined
}

/** Every distance that is served. */
export const METRICS: Record<Distance, Metric> = {
  Cosine: { largerIsBetter: true, prepare: toUnit, score: dot, indexed: 'ip' },
  Dot: { largerIsBetter: true, prepare: vector => vector, score: dot, indexed: 'ip' },
  Euclid: { largerIsBetter: false, prepare: vector => vector, score: euclid, indexed: 'l2sq' },
  Manhattan: {
    largerIsBetter: false,
    prepare: vector => vector,
    score: manhattan,
    indexed: undefined,
  },
}

/** The shortest decimal that reads back as the same 32-bit number, which is what Qdrant prints. */
export function toShortest(value: number): number {
  const single = Math.fround(value)
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(single.toPrecision(digits))
    if (Math.fround(short) === single) return short
  }
  return Number(single.toPrecision(9))
}

function toUnit(vector: Float32Array): Float32Array {
  let sum = 0
  for (const part of vector) sum += part * part
  // A vector of length zero has no direction, one of length one needs no division that would blur it.
  if (sum === 0 || Math.abs(sum - 1) < 1e-6) return vector
  const length = Math.sqrt(sum)
  return vector.map(part => part / length)
}

// Four sums at once: the additions do not wait for each other, which makes the scan about twice as fast.
function dot(query: Float32Array, vectors: Float32Array, offset: number): number {
  const size = query.length
  let a = 0
  let b = 0
  let c = 0
  let d = 0
  let at = 0
  for (; at + 3 < size; at += 4) {
    a += (query[at] as number) * (vectors[offset + at] as number)
    b += (query[at + 1] as number) * (vectors[offset + at + 1] as number)
    c += (query[at + 2] as number) * (vectors[offset + at + 2] as number)
    d += (query[at + 3] as number) * (vectors[offset + at + 3] as number)
  }
  for (; at < size; at++) a += (query[at] as number) * (vectors[offset + at] as number)
  return a + b + c + d
}

function euclid(query: Float32Array, vectors: Float32Array, offset: number): number {
  let sum = 0
  for (let at = 0; at < query.length; at++) {
    const difference = (query[at] as number) - (vectors[offset + at] as number)
    sum += difference * difference
  }
  return Math.sqrt(sum)
}

function manhattan(query: Float32Array, vectors: Float32Array, offset: number): number {
  let sum = 0
  for (let at = 0; at < query.length; at++) {
    sum += Math.abs((query[at] as number) - (vectors[offset + at] as number))
  }
  return sum
}
