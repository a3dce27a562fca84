/** Nearest neighbours and fusion, for the unmodified `@qdrant/js-client-rest` client. */
import { describe, expect, it } from 'vitest'
import { failure, idsOf, type QdrantAccess, useStore } from './qdrant-store.ts'
import type { Target } from './target.ts'

/** Runs the suite against `target`. */
export function searchContract(target: Target<QdrantAccess>): void {
  describe(`vector store search: ${target.name}`, () => {
    const store = useStore(target)

    const vectors: Record<number, number[]> = { 1: [1, 0, 0], 2: [0.8, 0.6, 0], 3: [0, 0, 2] }
    const fill = async (distance: 'Cosine' | 'Dot' | 'Euclid' | 'Manhattan'): Promise<void> => {
      await store.create(distance)
      await store.client.upsert(store.name, {
        wait: true,
        points: Object.entries(vectors).map(([id, vector]) => ({
          id: Number(id),
          vector,
          payload: { id: Number(id) },
        })),
      })
    }

    it.each([
      ['Cosine', [1, 0.8, 0]],
      ['Dot', [2, 1.6, 0]],
      ['Euclid', [1, Math.hypot(1.2, 0.6), Math.hypot(2, 2)]],
      ['Manhattan', [1, 1.8, 4]],
    ] as const)('ranks and scores by %s', async (distance, scores) => {
      await fill(distance)
      const { points } = await store.client.query(store.name, { query: [2, 0, 0] })
      expect(points.map(({ id, score }) => [id, score])).toEqual(
        scores.map((score, at) => [at + 1, expect.closeTo(score, 5)]),
      )
      expect(points[0]).not.toHaveProperty('payload')
      expect(points[0]).not.toHaveProperty('vector')
    })

    it.each([
      ['Cosine', 0.5, [1, 2]],
      ['Euclid', 1.5, [1, 2]],
    ] as const)(
      'leaves out what is worse than the threshold by %s',
      async (distance, score_threshold, ids) => {
        await fill(distance)
        const { points } = await store.client.query(store.name, {
          query: [2, 0, 0],
          score_threshold,
        })
        expect(idsOf(points)).toEqual(ids)
      },
    )

    it('answers the older search, alone and in batches', async () => {
      await fill('Cosine')
      const hits = await store.client.search(store.name, {
        vector: [1, 0, 0],
        limit: 2,
        with_vector: true,
      })
      expect(hits).toMatchObject([
        { id: 1, score: 1, payload: { id: 1 }, vector: [1, 0, 0] },
        { id: 2 },
      ])
      const batches = await store.client.searchBatch(store.name, {
        searches: [
          { vector: [0, 0, 1], limit: 1 },
          { vector: [1, 0, 0], limit: 1, offset: 1 },
        ],
      })
      expect(batches.map(idsOf)).toEqual([[3], [2]])
    })

    it('takes a point for the vector and leaves it out', async () => {
      await fill('Cosine')
      const { points } = await store.client.query(store.name, { query: 1, limit: 2 })
      expect(idsOf(points)).toEqual([2, 3])
      expect((await failure(store.client.query(store.name, { query: 77 })))[0]).toBe(404)
    })

    it('searches only what the filter lets through', async () => {
      await fill('Cosine')
      const { points } = await store.client.query(store.name, {
        query: [1, 0, 0],
        filter: { must_not: [{ has_id: [1] }] },
        with_payload: true,
      })
      expect(points.map(({ payload }) => payload)).toEqual([{ id: 2 }, { id: 3 }])
    })

    it('fuses prefetches by reciprocal rank', async () => {
      await fill('Cosine')
      const { points } = await store.client.query(store.name, {
        prefetch: [
          { query: [1, 0, 0], limit: 2 },
          { query: [0, 0.1, 1], limit: 2 },
        ],
        query: { fusion: 'rrf' },
      })
      // Ranks 0 and 1 in the first list, 3 then 2 in the second; k is 2.
      expect(points.map(({ id, score }) => [id, score])).toEqual([
        [2, expect.closeTo(1 / 3 + 1 / 3, 5)],
        [expect.any(Number), expect.closeTo(1 / 2, 5)],
        [expect.any(Number), expect.closeTo(1 / 2, 5)],
      ])
    })

    it('fuses prefetches by the distribution of their scores', async () => {
      await fill('Dot')
      const { points } = await store.client.query(store.name, {
        prefetch: [
          { query: [1, 0, 0], limit: 3 },
          { query: [0, 0, 1], limit: 3, filter: { must: [{ has_id: [1, 3] }] } },
        ],
        query: { fusion: 'dbsf' },
      })
      const normal = (score: number, all: number[]): number => {
        const mean = all.reduce((a, b) => a + b, 0) / all.length
        const deviation = Math.sqrt(
          all.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (all.length - 1),
        )
        return (score - mean + 3 * deviation) / (6 * deviation)
      }
      const expected: Record<number, number> = {
        1: normal(1, [1, 0.8, 0]) + normal(0, [0, 2]),
        2: normal(0.8, [1, 0.8, 0]),
        3: normal(0, [1, 0.8, 0]) + normal(2, [0, 2]),
      }
      expect(points).toHaveLength(3)
      for (const { id, score } of points) expect(score).toBeCloseTo(expected[Number(id)] ?? 0, 4)
    })

    it('applies the filter of a fusion to its prefetches, then the limit', async () => {
      await fill('Cosine')
      const { points } = await store.client.query(store.name, {
        prefetch: [{ query: [1, 0, 0], limit: 1 }],
        query: { fusion: 'rrf' },
        filter: { must_not: [{ has_id: [1] }] },
        limit: 1,
      })
      expect(idsOf(points)).toEqual([2])
    })

    it('scores again what a prefetch found', async () => {
      await fill('Cosine')
      const { points } = await store.client.query(store.name, {
        prefetch: { query: [1, 0, 0], limit: 2 },
        query: [0, 0.1, 1],
      })
      expect(idsOf(points)).toEqual([2, 1])
    })

    it('answers queries in a batch', async () => {
      await fill('Cosine')
      const results = await store.client.queryBatch(store.name, {
        searches: [
          { query: [1, 0, 0], limit: 1 },
          { limit: 2, with_payload: true },
        ],
      })
      expect(results.map(({ points }) => idsOf(points))).toEqual([[1], [1, 2]])
    })
  })
}
