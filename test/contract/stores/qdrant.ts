/** What every vector store must do for the unmodified `@qdrant/js-client-rest` client, embedded or real. */
import { randomUUID } from 'node:crypto'
import { QdrantClient } from '@qdrant/js-client-rest'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { skipReason, type Target } from './target.ts'

/** Where a store is, and its key. */
export interface QdrantAccess {
  url: string
  apiKey: string
}

/** Runs the suite against `target`. */
export function qdrantContract(target: Target<QdrantAccess>): void {
  describe(`vector store: ${target.name}`, () => {
    let access: QdrantAccess = { url: '', apiKey: '' }
    let close: () => Promise<void> = async () => {}
    let client: QdrantClient
    let name = ''
    const made: string[] = []

    beforeAll(async () => {
      ;({ access, close } = await target.open())
      client = connect(access)
    })
    afterAll(async () => {
      for (const collection of made) await client?.deleteCollection(collection)
      await close()
    })
    beforeEach(() => {
      name = `contract-${randomUUID()}`
      made.push(name)
    })

    const create = (distance: 'Cosine' | 'Dot' | 'Euclid' | 'Manhattan' = 'Cosine') =>
      client.createCollection(name, { vectors: { size: 3, distance } })
    const idsOf = (points: { id: string | number }[]): (string | number)[] =>
      points.map(({ id }) => id)
    const found = async (filter: unknown): Promise<(string | number)[]> =>
      idsOf((await client.scroll(name, { filter: filter as object, limit: 100 })).points)

    describe('collections', () => {
      it('are made, listed, described and deleted', async () => {
        expect(await client.collectionExists(name)).toEqual({ exists: false })
        expect(await create()).toBe(true)
        expect(await client.collectionExists(name)).toEqual({ exists: true })
        expect((await client.getCollections()).collections).toContainEqual({ name })
        expect(await client.getCollection(name)).toMatchObject({
          status: 'green',
          points_count: 0,
          config: {
            params: { vectors: { size: 3, distance: 'Cosine' } },
            hnsw_config: { m: 16, ef_construct: 100 },
          },
          payload_schema: {},
        })
        expect(await client.deleteCollection(name)).toBe(true)
        expect(await client.deleteCollection(name)).toBe(false)
        expect(await client.collectionExists(name)).toEqual({ exists: false })
      })

      it('cannot be made twice, nor found when absent', async () => {
        await create()
        expect(await failure(create())).toEqual([
          409,
          `Wrong input: Collection \`${name}\` already exists!`,
        ])
        const absent = `${name}-absent`
        const message = `Not found: Collection \`${absent}\` doesn't exist!`
        expect(await failure(client.getCollection(absent))).toEqual([404, message])
        expect(await failure(client.query(absent, { query: [1, 0, 0] }))).toEqual([404, message])
        expect(await failure(client.upsert(absent, { points: [] }))).toEqual([404, message])
      })

      it('begin empty when made again under an old name', async () => {
        await create()
        await client.upsert(name, { wait: true, points: [{ id: 1, vector: [1, 0, 0] }] })
        await client.deleteCollection(name)
        await create('Dot')
        expect((await client.count(name)).count).toBe(0)
        expect((await client.getCollection(name)).config.params.vectors).toMatchObject({
          distance: 'Dot',
        })
      })

      it('show the indexes of their payload', async () => {
        await create()
        await client.createPayloadIndex(name, {
          wait: true,
          field_name: 'tenant',
          field_schema: 'keyword',
        })
        await client.createPayloadIndex(name, {
          wait: true,
          field_name: 'at',
          field_schema: { type: 'datetime' },
        })
        await client.upsert(name, {
          wait: true,
          points: [{ id: 1, vector: [1, 0, 0], payload: { tenant: 'a' } }],
        })
        expect((await client.getCollection(name)).payload_schema).toMatchObject({
          tenant: { data_type: 'keyword', points: 1 },
          at: { data_type: 'datetime', points: 0 },
        })
        await client.deletePayloadIndex(name, 'tenant', { wait: true })
        expect(Object.keys((await client.getCollection(name)).payload_schema)).toEqual(['at'])
      })
    })

    describe('points', () => {
      it('come back as they were written, numbers before UUIDs', async () => {
        await create('Dot')
        const [low, high] = [randomUUID(), randomUUID()].sort() as [string, string]
        const payload = { text: 'ü "quoted"', list: [1, 2.5], deep: { none: null, yes: true } }
        const result = await client.upsert(name, {
          wait: true,
          points: [
            { id: high, vector: [1, 2, 3] },
            { id: 10, vector: [0.1, 0.2, 0.3], payload },
            { id: 9, vector: [0, 0, 0] },
            { id: low.toUpperCase(), vector: [1, 1, 1] },
          ],
        })
        expect(result.status).toBe('completed')
        const { points, next_page_offset: next } = await client.scroll(name, { with_vector: true })
        expect(idsOf(points)).toEqual([9, 10, low, high])
        expect(next).toBeNull()
        expect(points[1]).toEqual({ id: 10, payload, vector: [0.1, 0.2, 0.3] })
        expect(points[0]?.payload).toEqual({})
      })

      it('are listed page by page without one missed or shown twice', async () => {
        await create()
        const points = Array.from({ length: 25 }, (_, id) => ({
          id,
          vector: [1, id, 0],
          payload: { even: id % 2 === 0 },
        }))
        await client.upsert(name, { wait: true, points })
        const seen: (string | number)[] = []
        let offset: unknown = 0
        for (let page = 0; page < 10 && offset !== null; page++) {
          const result = await client.scroll(name, {
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
        await create()
        await client.upsert(name, {
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
        const records = await client.retrieve(name, { ids: [1, 7], with_payload: ['a'] })
        expect(records).toEqual([{ id: 1, payload: { a: 1 } }])
        const [unit] = await client.retrieve(name, { ids: [1], with_vector: true })
        expect(unit?.vector).toEqual([expect.closeTo(0.6, 5), 0, expect.closeTo(0.8, 5)])
        expect(
          (await client.retrieve(name, { ids: [1], with_payload: { exclude: ['a'] } }))[0]?.payload,
        ).toEqual({ b: 2 })
      })

      it('are replaced whole by a second upsert', async () => {
        await create('Dot')
        const put = (vector: number[], payload: object) =>
          client.upsert(name, { wait: true, points: [{ id: 1, vector, payload: { ...payload } }] })
        await put([1, 0, 0], { a: 1 })
        await put([0, 1, 0], { b: 2 })
        expect((await client.count(name)).count).toBe(1)
        expect(await client.retrieve(name, { ids: [1], with_vector: true })).toEqual([
          { id: 1, payload: { b: 2 }, vector: [0, 1, 0] },
        ])
        const { points } = await client.query(name, { query: [1, 0, 0] })
        expect(points[0]).toMatchObject({ id: 1, score: 0 })
      })

      it('are deleted by id and by filter', async () => {
        await create()
        const points = [1, 2, 3, 4].map(id => ({ id, vector: [id, 0, 0], payload: { id } }))
        await client.upsert(name, { wait: true, points })
        await client.delete(name, { wait: true, points: [1, 99] })
        await client.delete(name, {
          wait: true,
          filter: { must: [{ key: 'id', range: { gte: 4 } }] },
        })
        expect(idsOf((await client.scroll(name, {})).points)).toEqual([2, 3])
        expect(idsOf((await client.query(name, { query: [1, 0, 0] })).points).sort()).toEqual([
          2, 3,
        ])
      })

      it('keep nothing of a request whose vectors have the wrong size', async () => {
        await client.createCollection(name, { vectors: { size: 768, distance: 'Cosine' } })
        const wrong = client.upsert(name, {
          wait: true,
          points: [{ id: 1, vector: [1, 2, 3] }],
        })
        const message = 'Wrong input: Vector dimension error: expected dim: 768, got 3'
        expect(await failure(wrong)).toEqual([400, message])
        expect(await failure(client.query(name, { query: [1, 2, 3] }))).toEqual([400, message])
        expect((await client.count(name)).count).toBe(0)
      })

      it('have ids that are unsigned integers or UUIDs', async () => {
        await create()
        const points = [{ id: 'doc-1', vector: [1, 0, 0] }]
        expect(await failure(client.upsert(name, { wait: true, points }))).toEqual([
          400,
          'Format error in JSON body: value doc-1 is not a valid point ID, valid values are either an unsigned integer or a UUID',
        ])
      })

      it('may be without a vector, and are then not searched', async () => {
        await create()
        await client.upsert(name, {
          wait: true,
          points: [{ id: 1, vector: {}, payload: { a: 1 } }],
        })
        expect((await client.count(name)).count).toBe(1)
        expect((await client.query(name, { query: [1, 0, 0] })).points).toEqual([])
        await client.updateVectors(name, { wait: true, points: [{ id: 1, vector: [0, 1, 0] }] })
        expect(
          (await client.query(name, { query: [0, 1, 0], with_payload: true })).points,
        ).toMatchObject([{ id: 1, score: 1, payload: { a: 1 } }])
      })
    })

    describe('payload', () => {
      beforeEach(async () => {
        await create()
        await client.upsert(name, {
          wait: true,
          points: [
            { id: 1, vector: [1, 0, 0], payload: { a: 1, deep: { x: 1, y: 2 } } },
            { id: 2, vector: [0, 1, 0], payload: { a: 2 } },
          ],
        })
      })
      const payloads = async (): Promise<unknown[]> =>
        (await client.scroll(name, {})).points.map(({ payload }) => payload)

      it('is merged, under a key too', async () => {
        await client.setPayload(name, { wait: true, payload: { b: 'x' }, points: [1] })
        await client.setPayload(name, { wait: true, payload: { y: 3 }, key: 'deep', points: [1] })
        expect(await payloads()).toEqual([{ a: 1, b: 'x', deep: { x: 1, y: 3 } }, { a: 2 }])
      })

      it('is replaced, cut and cleared, by filter too', async () => {
        await client.overwritePayload(name, {
          wait: true,
          payload: { c: 1 },
          filter: { must: [{ key: 'a', match: { value: 2 } }] },
        })
        await client.deletePayload(name, { wait: true, keys: ['a', 'deep.x'], points: [1] })
        expect(await payloads()).toEqual([{ deep: { y: 2 } }, { c: 1 }])
        await client.clearPayload(name, { wait: true, points: [1] })
        expect(await payloads()).toEqual([{}, { c: 1 }])
        const { points } = await client.query(name, { query: [1, 0, 0], limit: 1 })
        expect(points[0]).toMatchObject({ id: 1, score: 1 })
      })

      it('is changed by a batch, in its order', async () => {
        const results = await client.batchUpdate(name, {
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

    describe('search', () => {
      const vectors: Record<number, number[]> = { 1: [1, 0, 0], 2: [0.8, 0.6, 0], 3: [0, 0, 2] }
      const fill = async (distance: 'Cosine' | 'Dot' | 'Euclid' | 'Manhattan'): Promise<void> => {
        await create(distance)
        await client.upsert(name, {
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
        const { points } = await client.query(name, { query: [2, 0, 0] })
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
          const { points } = await client.query(name, { query: [2, 0, 0], score_threshold })
          expect(idsOf(points)).toEqual(ids)
        },
      )

      it('answers the older search, alone and in batches', async () => {
        await fill('Cosine')
        const hits = await client.search(name, { vector: [1, 0, 0], limit: 2, with_vector: true })
        expect(hits).toMatchObject([
          { id: 1, score: 1, payload: { id: 1 }, vector: [1, 0, 0] },
          { id: 2 },
        ])
        const batches = await client.searchBatch(name, {
          searches: [
            { vector: [0, 0, 1], limit: 1 },
            { vector: [1, 0, 0], limit: 1, offset: 1 },
          ],
        })
        expect(batches.map(idsOf)).toEqual([[3], [2]])
      })

      it('takes a point for the vector and leaves it out', async () => {
        await fill('Cosine')
        const { points } = await client.query(name, { query: 1, limit: 2 })
        expect(idsOf(points)).toEqual([2, 3])
        expect((await failure(client.query(name, { query: 77 })))[0]).toBe(404)
      })

      it('searches only what the filter lets through', async () => {
        await fill('Cosine')
        const { points } = await client.query(name, {
          query: [1, 0, 0],
          filter: { must_not: [{ has_id: [1] }] },
          with_payload: true,
        })
        expect(points.map(({ payload }) => payload)).toEqual([{ id: 2 }, { id: 3 }])
      })

      it('fuses prefetches by reciprocal rank', async () => {
        await fill('Cosine')
        const { points } = await client.query(name, {
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
        const { points } = await client.query(name, {
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
        const { points } = await client.query(name, {
          prefetch: [{ query: [1, 0, 0], limit: 1 }],
          query: { fusion: 'rrf' },
          filter: { must_not: [{ has_id: [1] }] },
          limit: 1,
        })
        expect(idsOf(points)).toEqual([2])
      })

      it('scores again what a prefetch found', async () => {
        await fill('Cosine')
        const { points } = await client.query(name, {
          prefetch: { query: [1, 0, 0], limit: 2 },
          query: [0, 0.1, 1],
        })
        expect(idsOf(points)).toEqual([2, 1])
      })

      it('answers queries in a batch', async () => {
        await fill('Cosine')
        const results = await client.queryBatch(name, {
          searches: [
            { query: [1, 0, 0], limit: 1 },
            { limit: 2, with_payload: true },
          ],
        })
        expect(results.map(({ points }) => idsOf(points))).toEqual([[1], [1, 2]])
      })
    })

    describe('filters', () => {
      beforeEach(async () => {
        await create()
        const payloads = [
          { city: 'Berlin', n: 1, tags: ['a', 'b'], at: '2026-01-01T00:00:00Z', ok: true },
          { city: 'London', n: 2.5, tags: [], at: '2026-02-01T00:00:00Z', ok: false },
          { city: 'Berlin', n: 3, tags: ['b'], at: '2026-03-01T00:00:00+02:00', none: null },
          {
            people: [
              { name: 'Ann', age: 30 },
              { name: 'Bob', age: 60 },
            ],
            deep: { x: 'Berlin' },
          },
        ]
        await client.upsert(name, {
          wait: true,
          points: payloads.map((payload, at) => ({ id: at + 1, vector: [1, at, 0], payload })),
        })
      })

      it.each([
        ['a value', { must: [{ key: 'city', match: { value: 'Berlin' } }] }, [1, 3]],
        ['a flag', { must: [{ key: 'ok', match: { value: false } }] }, [2]],
        ['an element of a list', { must: [{ key: 'tags', match: { value: 'b' } }] }, [1, 3]],
        ['any of some', { must: [{ key: 'n', match: { any: [1, 3] } }] }, [1, 3]],
        ['all but some', { must: [{ key: 'city', match: { except: ['Berlin'] } }] }, [2]],
        ['a range', { must: [{ key: 'n', range: { gt: 1, lte: 3 } }] }, [2, 3]],
        [
          'a range of dates',
          { must: [{ key: 'at', range: { gte: '2026-02-01T00:00:00Z', lt: '2026-03-01' } }] },
          [2, 3],
        ],
        ['a path', { must: [{ key: 'deep.x', match: { value: 'Berlin' } }] }, [4]],
        [
          'a path through a list',
          { must: [{ key: 'people[].name', match: { value: 'Bob' } }] },
          [4],
        ],
        ['emptiness', { must: [{ is_empty: { key: 'tags' } }] }, [2, 4]],
        ['null', { must: [{ is_null: { key: 'none' } }] }, [3]],
        ['ids', { must: [{ has_id: [2, 4, 9] }] }, [2, 4]],
        ['the number of values', { must: [{ key: 'tags', values_count: { gte: 2 } }] }, [1]],
        ['text', { must: [{ key: 'city', match: { text: 'erl' } }] }, [1, 3]],
        [
          'one object of a list',
          {
            must: [
              {
                nested: {
                  key: 'people',
                  filter: {
                    must: [
                      { key: 'name', match: { value: 'Ann' } },
                      { key: 'age', range: { gt: 50 } },
                    ],
                  },
                },
              },
            ],
          },
          [],
        ],
        [
          'should, must not, and a filter within',
          {
            should: [
              { key: 'n', match: { value: 1 } },
              { must: [{ key: 'city', match: { value: 'London' } }] },
              { has_id: [4] },
            ],
            must_not: [{ key: 'ok', match: { value: true } }],
          },
          [2, 4],
        ],
        [
          'a number of conditions',
          {
            min_should: {
              conditions: [{ has_id: [1, 2] }, { has_id: [2, 3] }, { has_id: [1, 2, 3, 4] }],
              min_count: 2,
            },
          },
          [1, 2, 3],
        ],
      ])('find by %s', async (_, filter, ids) => {
        expect(await found(filter)).toEqual(ids)
        expect((await client.count(name, { filter: filter as object })).count).toBe(ids.length)
      })

      it('match words once the field has a text index', async () => {
        await client.createPayloadIndex(name, {
          wait: true,
          field_name: 'city',
          field_schema: { type: 'text', tokenizer: 'word', lowercase: true },
        })
        expect(await found({ must: [{ key: 'city', match: { text: 'BERLIN' } }] })).toEqual([1, 3])
        expect(await found({ must: [{ key: 'city', match: { text: 'erl' } }] })).toEqual([])
      })

      it('are refused when they are not understood', async () => {
        const [status, message] = await failure(
          client.count(name, { filter: { must: [{ key: 'n', matches: 1 }] } as object }),
        )
        expect(status).toBe(400)
        expect(message).toContain('Format error in JSON body: ')
      })

      it('go with an order, once the field has a range index', async () => {
        const order = () => client.scroll(name, { order_by: { key: 'n', direction: 'desc' } })
        expect((await failure(order()))[1]).toContain('No range index for `order_by` key: `n`')
        await client.createPayloadIndex(name, {
          wait: true,
          field_name: 'n',
          field_schema: 'float',
        })
        expect(idsOf((await order()).points)).toEqual([3, 2, 1])
      })
    })

    it('refuses a request without its key', async ({ skip }) => {
      const reason = skipReason(target, 'refuses a request without its key')
      if (reason) skip(reason)
      const url = `${access.url}/collections`
      const none = await fetch(url)
      expect([none.status, await none.text()]).toEqual([
        401,
        'Must provide an API key or an Authorization bearer token',
      ])
      const wrong = await fetch(url, { headers: { 'api-key': 'wrong' } })
      expect([wrong.status, await wrong.text()]).toEqual([401, 'Invalid API key or JWT'])
      const bearer = { authorization: `Bearer ${access.apiKey}` }
      expect((await fetch(url, { headers: bearer })).status).toBe(200)
      expect((await fetch(`${access.url}/healthz`)).status).toBe(200)
    })

    it('says what is wrong with a body that is not JSON', async () => {
      await create()
      const response = await fetch(`${access.url}/collections/${name}/points/query`, {
        method: 'POST',
        headers: { 'api-key': access.apiKey, 'content-type': 'application/json' },
        body: '{"query": [1,',
      })
      expect(response.status).toBe(400)
      expect(await response.json()).toMatchObject({
        status: { error: expect.stringContaining('Format error in JSON body: ') },
      })
    })
  })
}

function connect({ url, apiKey }: QdrantAccess): QdrantClient {
  // As a header, because the client warns on the console about a key over plain http.
  return new QdrantClient({ url, headers: { 'api-key': apiKey }, checkCompatibility: false })
}

/** Status and message of a call that must fail. */
async function failure(call: Promise<unknown>): Promise<[number, string]> {
  try {
    await call
  } catch (error) {
    const { status, data } = error as { status: number; data: { status: { error: string } } }
    return [status, data.status.error]
  }
  throw new Error('the call did not fail')
}
