/** Orders found memories: by vector and by words, each 0..1, softly favouring what was told lately. */
import type { MemoryHit } from '../../shared/contracts/memory.ts'
import { type MemoryRow, toMemory } from './row.ts'
import type { Neighbour } from './vector-index.ts'

/** A memory that matched by vector, by words, or both. */
export interface Found extends MemoryRow {
  /** Stems of the question that the memory holds. */
  matched: string[]
}

/** What candidates are ordered by. */
export interface Ranking {
  /** Stems of the question. */
  stems: string[]
  /** `undefined` when vectors could not be asked; words then count alone. */
  near: Neighbour[] | undefined
  now: number
}

const VECTOR_WEIGHT = 0.5
/** Age changes the order of equals; it never hides an old memory. */
const RECENCY_WEIGHT = 0.15
const HALF_LIFE_MS = 30 * 24 * 3_600_000

/** Best first; the raw text of an episode gives way to a better-ranked fact that was drawn from it. */
export function rank(rows: readonly Found[], { stems, near, now }: Ranking): MemoryHit[] {
  const cosines = new Map((near ?? []).map(({ id, score }) => [id, score]))
  const weights = weigh(rows, stems)
  const total = sum(stems.map(stem => weights.get(stem) ?? 0))
  const vectorWeight = near ? VECTOR_WEIGHT : 0
  const hits = rows.map(row => {
    const vector = cosines.get(row.id) ?? 0
    const lexical = total === 0 ? 0 : sum(row.matched.map(stem => weights.get(stem) ?? 0)) / total
    const recency = 0.5 ** (Math.max(0, now - row.told_at.getTime()) / HALF_LIFE_MS)
    const match = vectorWeight * vector + (1 - vectorWeight) * lexical
    const score = match * (1 - RECENCY_WEIGHT + RECENCY_WEIGHT * recency)
    return {
      ...toMemory(row),
      score: round(score),
      score_parts: { vector: round(vector), lexical: round(lexical), recency: round(recency) },
    }
  })
  hits.sort((a, b) => b.score - a.score || b.created_at.localeCompare(a.created_at))
  const drawn = new Set<string>()
  return hits.filter(({ kind, sources }) => {
    if (kind === 'episode') return !sources.some(source => drawn.has(source))
    for (const source of sources) drawn.add(source)
    return true
  })
}

/** A stem counts the more, the fewer candidates hold it (inverse document frequency among them). */
function weigh(rows: readonly Found[], stems: readonly string[]): Map<string, number> {
  return new Map(
    stems.map(stem => {
      const holders = rows.filter(({ matched }) => matched.includes(stem)).length
      return [stem, Math.log(1 + (rows.length + 1) / (holders + 0.5))]
    }),
  )
}

const sum = (numbers: number[]): number => numbers.reduce((total, number) => total + number, 0)

const round = (score: number): number => Math.round(score * 10_000) / 10_000
