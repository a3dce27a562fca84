/** Filters over payloads, for the unmodified `@qdrant/js-client-rest` client. */
import { beforeEach, describe, expect, it } from 'vitest'
import { failure, idsOf, type QdrantAccess, useStore } from './qdrant-store.ts'
import type { Target } from './target.ts'

/** Runs the suite against `target`. */
export function filterContract(target: Target<QdrantAccess>): void {
  describe(`vector store filters: ${target.name}`, () => {
    const store = useStore(target)

    const found = async (filter: unknown): Promise<(string | number)[]> =>
      idsOf(
        (await store.client.scroll(store.name, { filter: filter as object, limit: 100 })).points,
      )

    beforeEach(async () => {
      await store.create()
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
      await store.client.upsert(store.name, {
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
      ['a path through a list', { must: [{ key: 'people[].name', match: { value: 'Bob' } }] }, [4]],
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
      expect((await store.client.count(store.name, { filter: filter as object })).count).toBe(
        ids.length,
      )
    })

    it('match words once the field has a text index', async () => {
      await store.client.createPayloadIndex(store.name, {
        wait: true,
        field_name: 'city',
        field_schema: { type: 'text', tokenizer: 'word', lowercase: true },
      })
      expect(await found({ must: [{ key: 'city', match: { text: 'BERLIN' } }] })).toEqual([1, 3])
      expect(await found({ must: [{ key: 'city', match: { text: 'erl' } }] })).toEqual([])
    })

    it('are refused when they are not understood', async () => {
      const [status, message] = await failure(
        store.client.count(store.name, { filter: { must: [{ key: 'n', matches: 1 }] } as object }),
      )
      expect(status).toBe(400)
      expect(message).toContain('Format error in JSON body: ')
    })

    it('go with an order, once the field has a range index', async () => {
      const order = () =>
        store.client.scroll(store.name, { order_by: { key: 'n', direction: 'desc' } })
      expect((await failure(order()))[1]).toContain('No range index for `order_by` key: `n`')
      await store.client.createPayloadIndex(store.name, {
        wait: true,
        field_name: 'n',
        field_schema: 'float',
      })
      expect(idsOf((await order()).points)).toEqual([3, 2, 1])
    })
  })
}
