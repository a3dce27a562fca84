/** Makes one ranking out of several: reciprocal ranks, or scores normalised by their distribution. */
import { wrongInput } from './error.ts'
import { comparePointIds, type PointId } from './point-id.ts'

/** A point and its score. */
export interface Scored {
  id: PointId
  score: number
}

/**
 * Reciprocal rank fusion: each list adds 1 / ((rank + 1) / weight + k - 1), rank from 0, k = 2 by default
 * (qdrant `reciprocal_rank_fusion.rs`).
 */
export function fuseRanks(
  lists: Scored[][],
  { k = 2, weights }: { k?: number; weights?: number[] } = {},
): Scored[] {
  if (weights && weights.length !== lists.length) {
    throw wrongInput(
      `Number of weights in RRF should match number of pre-fetches: got ${weights.length}, expected ${lists.length}`,
    )
  }
  return add(
    lists.map((list, at) => {
      const weight = weights?.[at] ?? 1
      return list.map(({ id }, rank) => ({
        id,
        score: weight <= 0 ? 0 : 1 / ((rank + 1) / weight + k - 1),
      }))
    }),
  )
}

/** Distribution-based score fusion: scores from mean - 3σ to mean + 3σ become 0 to 1 and are summed (qdrant `score_fusion.rs`). */
export function fuseScores(lists: Scored[][]): Scored[] {
  return add(lists.map(normalise))
}

function normalise(list: Scored[]): Scored[] {
  const mean = list.reduce((sum, { score }) => sum + score, 0) / list.length
  const squares = list.reduce((sum, { score }) => sum + (score - mean) ** 2, 0)
  const deviation = list.length < 2 ? 0 : Math.sqrt(squares / (list.length - 1))
  return list.map(({ id, score }) => ({
    id,
    score: deviation === 0 ? 0.5 : (score - mean + 3 * deviation) / (6 * deviation),
  }))
}

function add(lists: Scored[][]): Scored[] {
  const sums = new Map<PointId, number>()
  for (const list of lists) {
    for (const { id, score } of list) sums.set(id, (sums.get(id) ?? 0) + score)
  }
  return [...sums]
    .map(([id, score]) => ({ id, score }))
    .sort((a, b) => b.score - a.score || comparePointIds(a.id, b.id))
}
