/** Changes of payload, for the unmodified `@qdrant/js-client-rest` client. */
import { beforeEach, describe, expect, it } from 'vitest'
import { type QdrantAccess, useStore } from './qdrant-store.ts'
import type { Target } from './target.ts'

/** Runs the suite against `target`. */
export function payloadContract(target: Target<QdrantAccess>): void {
  describe(`vector store payload: ${target.name}`, () => {
    const store = useStore(target)

    beforeEach(async () => {
      await store.create()
      await store.client.upsert(store.name, {
        wait: true,
        points: [
          { id: 1, vector: [1, 0, 0], payload: { a: 1, deep: { x: 1, y: 2 } } },
          { id: 2, vector: [0, 1, 0], payload: { a: 2 } },
        ],
      })
    })
    const payloads = async (): Promise<unknown[]> =>
      (await store.client.scroll(store.name, {})).points.map(({ payload }) => payload)

    it('is merged, under a key too', async () => {
      await store.client.setPayload(store.name, { wait: true, payload: { b: 'x' }, points: [1] })
      await store.client.setPayload(store.name, {
        wait: true,
        payload: { y: 3 },
        key: 'deep',
        points: [1],
      })
      expect(await payloads()).toEqual([{ a: 1, b: 'x', deep: { x: 1, y: 3 } }, { a: 2 }])
    })

    it('is replaced, cut and cleared, by filter too', async () => {
      await store.client.overwritePayload(store.name, {
        wait: true,
        payload: { c: 1 },
        filter: { must: [{ key: 'a', match: { value: 2 } }] },
      })
      await store.client.deletePayload(store.name, {
        wait: true,
        keys: ['a', 'deep.x'],
        points: [1],
      })
      expect(await payloads()).toEqual([{ deep: { y: 2 } }, { c: 1 }])
      await store.client.clearPayload(store.name, { wait: true, points: [1] })
      expect(await payloads()).toEqual([{}, { c: 1 }])
      const { points } = await store.client.query(store.name, { query: [1, 0, 0], limit: 1 })
      expect(points[0]).toMatchObject({ id: 1, score: 1 })
    })

    it('is changed by a batch, in its order', async () => {
      const results = await store.client.batchUpdate(store.name, {
        wait: true,
        operations: [
          { upsert: { points: [{ id: 3, vector: [0, 0, 1], payload: { a: 3 } }] } },
          { set_payload: { payload: { late: true }, points: [3] } },
          { delete: { points: [1] } },
        ],
      })
      expect(results.map(({ status }) => status)).toEqual(['completed', 'completed', 'completed'])
      expect(await payloads()).toEqual([{ a: 2 }, { a: 3, late: true }])
    })
  })
}
