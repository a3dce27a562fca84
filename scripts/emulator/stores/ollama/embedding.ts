/** Embeddings without a model: words, word pairs and letter triples, hashed into a signed vector. */
import { stem, toTerms, toWords } from './text.ts'

/** The length of a vector. */
export const DIMENSIONS: number = 768

/** The vector of `text`, of length 1; texts that share words are close, the same text is always the same vector. */
export function embed(text: string, dimensions: number = DIMENSIONS): number[] {
  const vector = new Float64Array(DIMENSIONS)
  for (const [feature, weight] of features(text)) {
    const hash = hash32(feature)
    const at = hash % DIMENSIONS
    vector[at] = (vector[at] ?? 0) + (hash & 0x80000000 ? -weight : weight)
  }
  return normalise(vector.subarray(0, dimensions))
}

function features(text: string): Map<string, number> {
  const counts = new Map<string, number>()
  const add = (feature: string, weight: number): void => {
    counts.set(feature, (counts.get(feature) ?? 0) + weight)
  }
  const terms = toTerms(text)
  for (const term of terms) {
    add(`w:${term}`, 1)
    const padded = `^${term}$`
    for (let at = 0; at + 3 <= padded.length; at++) add(`c:${padded.slice(at, at + 3)}`, 0.25)
  }
  terms.forEach((term, at) => {
    if (at > 0) add(`b:${terms[at - 1]} ${term}`, 0.5)
  })
  // Function words count a little, so that a text of nothing else still has a vector.
  for (const word of toWords(text)) add(`f:${stem(word)}`, 0.05)
  if (counts.size === 0) add(`t:${text}`, 1)
  return new Map(
    [...counts].map(([feature, weight]) => [feature, weight > 1 ? 1 + Math.log(weight) : weight]),
  )
}

function normalise(vector: Float64Array): number[] {
  const length = Math.hypot(...vector) || 1
  return Array.from(vector, value => Math.fround(value / length))
}

/** FNV-1a with a last mixing, so that the sign bit and the place are independent. */
function hash32(text: string): number {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
