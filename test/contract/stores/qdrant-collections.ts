/** Collections, their indexes, and who may ask, for the unmodified `@qdrant/js-client-rest` client. */
import { describe, expect, it } from 'vitest'
import { failure, type QdrantAccess, useStore } from './qdrant-store.ts'
import { skipReason, type Target } from './target.ts'

/** Runs the suite against `target`. */
export function collectionContract(target: Target<QdrantAccess>): void {
  describe(`vector store collections: ${target.name}`, () => {
    const store = useStore(target)

    it('are made, listed, described and deleted', async () => {
      expect(await store.client.collectionExists(store.name)).toEqual({ exists: false })
      expect(await store.create()).toBe(true)
      expect(await store.client.collectionExists(store.name)).toEqual({ exists: true })
      expect((await store.client.getCollections()).collections).toContainEqual({ name: store.name })
      expect(await store.client.getCollection(store.name)).toMatchObject({
        status: 'green',
        points_count: 0,
        config: {
          params: { vectors: { size: 3, distance: 'Cosine' } },
          hnsw_config: { m: 16, ef_construct: 100 },
        },
        payload_schema: {},
      })
      expect(await store.client.deleteCollection(store.name)).toBe(true)
      expect(await store.client.deleteCollection(store.name)).toBe(false)
      expect(await store.client.collectionExists(store.name)).toEqual({ exists: false })
    })

    it('cannot be made twice, nor found when absent', async () => {
      await store.create()
      expect(await failure(store.create())).toEqual([
        409,
        `Wrong input: Collection \`${store.name}\` already exists!`,
      ])
      const absent = `${store.name}-absent`
      const message = `Not found: Collection \`${absent}\` doesn't exist!`
      expect(await failure(store.client.getCollection(absent))).toEqual([404, message])
      expect(await failure(store.client.query(absent, { query: [1, 0, 0] }))).toEqual([
        404,
        message,
      ])
      expect(await failure(store.client.upsert(absent, { points: [] }))).toEqual([404, message])
    })

    it('begin empty when made again under an old name', async () => {
      await store.create()
      await store.client.upsert(store.name, { wait: true, points: [{ id: 1, vector: [1, 0, 0] }] })
      await store.client.deleteCollection(store.name)
      await store.create('Dot')
      expect((await store.client.count(store.name)).count).toBe(0)
      expect((await store.client.getCollection(store.name)).config.params.vectors).toMatchObject({
        distance: 'Dot',
      })
    })

    it('show the indexes of their payload', async () => {
      await store.create()
      await store.client.createPayloadIndex(store.name, {
        wait: true,
        field_name: 'tenant',
        field_schema: 'keyword',
      })
      await store.client.createPayloadIndex(store.name, {
        wait: true,
        field_name: 'at',
        field_schema: { type: 'datetime' },
      })
      await store.client.upsert(store.name, {
        wait: true,
        points: [{ id: 1, vector: [1, 0, 0], payload: { tenant: 'a' } }],
      })
      expect((await store.client.getCollection(store.name)).payload_schema).toMatchObject({
        tenant: { data_type: 'keyword', points: 1 },
        at: { data_type: 'datetime', points: 0 },
      })
      await store.client.deletePayloadIndex(store.name, 'tenant', { wait: true })
      expect(Object.keys((await store.client.getCollection(store.name)).payload_schema)).toEqual([
        'at',
      ])
    })

    it('refuses a request without its key', async ({ skip }) => {
      const reason = skipReason(target, 'refuses a request without its key')
      if (reason) skip(reason)
      const url = `${store.access.url}/collections`
      const none = await fetch(url)
      expect([none.status, await none.text()]).toEqual([
        401,
        'Must provide an API key or an Authorization bearer token',
      ])
      const wrong = await fetch(url, { headers: { 'api-key': 'wrong' } })
      expect([wrong.status, await wrong.text()]).toEqual([401, 'Invalid API key or JWT'])
      const bearer = { authorization: `Bearer ${store.access.apiKey}` }
      expect((await fetch(url, { headers: bearer })).status).toBe(200)
      expect((await fetch(`${store.access.url}/healthz`)).status).toBe(200)
    })

    it('says what is wrong with a body that is not JSON', async () => {
      await store.create()
      const response = await fetch(`${store.access.url}/collections/${store.name}/points/query`, {
        method: 'POST',
        headers: { 'api-key': store.access.apiKey, 'content-type': 'application/json' },
        body: '{"query": [1,',
      })
      expect(response.status).toBe(400)
      expect(await response.json()).toMatchObject({
        status: { error: expect.stringContaining('Format error in JSON body: ') },
      })
    })
  })
}
