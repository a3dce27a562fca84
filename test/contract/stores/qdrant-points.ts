/** Points written, read, listed and deleted, for the unmodified `@qdrant/js-client-rest` client. */
import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { failure, idsOf, type QdrantAccess, useStore } from './qdrant-store.ts'
import type { Target } from './target.ts'

/** Runs the suite against `target`. */
export function pointContract(target: Target<QdrantAccess>): void {
  describe(`vector store points: ${target.name}`, () => {
    const store = useStore(target)

    it('come back as they were written, numbers before UUIDs', async () => {
      await store.create('Dot')
      const [low, high] = [randomUUID(), randomUUID()].sort() as [string, string]
      const payload = { text: 'ü "quoted"', list: [1, 2.5], deep: { none: null, yes: true } }
      const result = await store.client.upsert(store.name, {
        wait: true,
        points: [
          { id: high, vector: [1, 2, 3] },
          { id: 10, vector: [0.1, 0.2, 0.3], payload },
          { id: 9, vector: [0, 0, 0] },
          { id: low.toUpperCase(), vector: [1, 1, 1] },
        ],
      })
      expect(result.status).toBe('completed')
      const { points, next_page_offset: next } = await store.client.scroll(store.name, {
        with_vector: true,
      })
      expect(idsOf(points)).toEqual([9, 10, low, high])
      expect(next).toBeNull()
      expect(points[1]).toEqual({ id: 10, payload, vector: [0.1, 0.2, 0.3] })
      expect(points[0]?.payload).toEqual({})
    })

    it('are listed page by page without one missed or shown twice', async () => {
      await store.create()
      const points = Array.from({ length: 25 }, (_, id) => ({
        id,
        vector: [1, id, 0],
        payload: { even: id % 2 === 0 },
      }))
      await store.client.upsert(store.name, { wait: true, points })
      const seen: (string | number)[] = []
      let offset: unknown = 0
      for (let page = 0; page < 10 && offset !== null; page++) {
        const result = await store.client.scroll(store.name, {
          limit: 4,
          offset: offset as number,
          filter: { must: [{ key: 'even', match: { value: true } }] },
        })
        seen.push(...idsOf(result.points))
        offset = result.next_page_offset
      }
      expect(seen).toEqual([0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24])
    })

    it('are retrieved by id, absent ones left out', async () => {
      await store.create()
      await store.client.upsert(store.name, {
        wait: true,
        batch: {
          ids: [1, 2],
          vectors: [
            [3, 0, 4],
            [0, 2, 0],
          ],
          payloads: [{ a: 1, b: 2 }, {}],
        },
      })
      const records = await store.client.retrieve(store.name, { ids: [1, 7], with_payload: ['a'] })
      expect(records).toEqual([{ id: 1, payload: { a: 1 } }])
      const [unit] = await store.client.retrieve(store.name, { ids: [1], with_vector: true })
      expect(unit?.vector).toEqual([expect.closeTo(0.6, 5), 0, expect.closeTo(0.8, 5)])
      expect(
        (await store.client.retrieve(store.name, { ids: [1], with_payload: { exclude: ['a'] } }))[0]
          ?.payload,
      ).toEqual({ b: 2 })
    })

    it('are replaced whole by a second upsert', async () => {
      await store.create('Dot')
      const put = (vector: number[], payload: object) =>
        store.client.upsert(store.name, {
          wait: true,
          points: [{ id: 1, vector, payload: { ...payload } }],
        })
      await put([1, 0, 0], { a: 1 })
      await put([0, 1, 0], { b: 2 })
      expect((await store.client.count(store.name)).count).toBe(1)
      expect(await store.client.retrieve(store.name, { ids: [1], with_vector: true })).toEqual([
        { id: 1, payload: { b: 2 }, vector: [0, 1, 0] },
      ])
      const { points } = await store.client.query(store.name, { query: [1, 0, 0] })
      expect(points[0]).toMatchObject({ id: 1, score: 0 })
    })

    it('are deleted by id and by filter', async () => {
      await store.create()
      const points = [1, 2, 3, 4].map(id => ({ id, vector: [id, 0, 0], payload: { id } }))
      await store.client.upsert(store.name, { wait: true, points })
      await store.client.delete(store.name, { wait: true, points: [1, 99] })
      await store.client.delete(store.name, {
        wait: true,
        filter: { must: [{ key: 'id', range: { gte: 4 } }] },
      })
      expect(idsOf((await store.client.scroll(store.name, {})).points)).toEqual([2, 3])
      expect(
        idsOf((await store.client.query(store.name, { query: [1, 0, 0] })).points).sort(),
      ).toEqual([2, 3])
    })

    it('keep nothing of a request whose vectors have the wrong size', async () => {
      await store.client.createCollection(store.name, {
        vectors: { size: 768, distance: 'Cosine' },
      })
      const wrong = store.client.upsert(store.name, {
        wait: true,
        points: [{ id: 1, vector: [1, 2, 3] }],
      })
      const message = 'Wrong input: Vector dimension error: expected dim: 768, got 3'
      expect(await failure(wrong)).toEqual([400, message])
      expect(await failure(store.client.query(store.name, { query: [1, 2, 3] }))).toEqual([
        400,
        message,
      ])
      expect((await store.client.count(store.name)).count).toBe(0)
    })

    it('have ids that are unsigned integers or UUIDs', async () => {
      await store.create()
      const points = [{ id: 'doc-1', vector: [1, 0, 0] }]
      expect(await failure(store.client.upsert(store.name, { wait: true, points }))).toEqual([
        400,
        'Format error in JSON body: value doc-1 is not a valid point ID, valid values are either an unsigned integer or a UUID',
      ])
    })

    it('may be without a vector, and are then not searched', async () => {
      await store.create()
      await store.client.upsert(store.name, {
        wait: true,
        points: [{ id: 1, vector: {}, payload: { a: 1 } }],
      })
      expect((await store.client.count(store.name)).count).toBe(1)
      expect((await store.client.query(store.name, { query: [1, 0, 0] })).points).toEqual([])
      await store.client.updateVectors(store.name, {
        wait: true,
        points: [{ id: 1, vector: [0, 1, 0] }],
      })
      expect(
        (await store.client.query(store.name, { query: [0, 1, 0], with_payload: true })).points,
      ).toMatchObject([{ id: 1, score: 1, payload: { a: 1 } }])
    })
  })
}
