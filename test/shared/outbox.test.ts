import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { AppError } from '../../shared/errors.ts'
import type { CloudEvent } from '../../shared/event.ts'
import { enqueue, flushOutbox, type OutboxDeps } from '../../shared/outbox.ts'
import { createOutboxRetry, type OutboxRetry } from '../../shared/outbox-retry.ts'
import { openDatabase, type TestDatabase } from '../fixtures/stores.ts'

let database: TestDatabase
let published: string[]
let refuse: (id: string) => Error | undefined
let deps: OutboxDeps
let retry: OutboxRetry | undefined

beforeAll(async () => {
  database = await openDatabase(['chat'])
})
afterAll(() => database.close())

beforeEach(async () => {
  await database.sql`delete from chat.outbox`
  published = []
  refuse = () => undefined
  deps = {
    sql: database.sql,
    log: { debug() {}, info() {}, warn() {}, error() {} },
    async publish({ id }) {
      const error = refuse(id)
      if (error) throw error
      published.push(id)
    },
  }
})
afterEach(() => retry?.close())

describe('the outbox', () => {
  test('publishes the oldest first and keeps nothing', async () => {
    await put('a', 'b', 'c')
    expect(await flushOutbox(deps, 'chat')).toBe(3)
    expect(published).toEqual(['a', 'b', 'c'])
    expect(await left()).toEqual([])
  })

  test('lets the others pass when the broker refuses the first, and asks about it last', async () => {
    refuse = id => (id === 'poison' ? new AppError('upstream_error', 'answered 400') : undefined)
    await put('poison', 'b')
    await expect(flushOutbox(deps, 'chat')).rejects.toThrow('answered 400')
    expect(published).toEqual(['b'])
    refuse = () => undefined
    await put('c')
    await flushOutbox(deps, 'chat')
    expect(published).toEqual(['b', 'c', 'poison'])
  })

  test('gives every row back when the broker is away, and asks it once', async () => {
    let asked = 0
    refuse = () => {
      asked += 1
      return new AppError('dependency_unavailable', 'away')
    }
    await put('a', 'b', 'c')
    await expect(flushOutbox(deps, 'chat')).rejects.toThrow('away')
    expect(asked).toBe(1)
    refuse = () => undefined
    await flushOutbox(deps, 'chat')
    expect(published).toEqual(['a', 'b', 'c'])
  })

  test('publishes each row once when two flush at once', async () => {
    const ids = Array.from({ length: 30 }, (_, n) => `e${n}`)
    await put(...ids)
    await Promise.all([flushOutbox(deps, 'chat'), flushOutbox(deps, 'chat')])
    expect(published.toSorted()).toEqual(ids.toSorted())
  })

  test('does not touch a row that another has claimed since', async () => {
    await put('a', 'b')
    refuse = () => new AppError('upstream_error', 'refused')
    deps.publish = async ({ id }) => {
      if (id === 'a') await database.sql`update chat.outbox set claimed_until = 'infinity'`
      throw new AppError('dependency_unavailable', 'away')
    }
    await expect(flushOutbox(deps, 'chat')).rejects.toThrow('away')
    expect(await left()).toEqual([
      { id: 'a', claimed: true, attempts: 0 },
      { id: 'b', claimed: true, attempts: 0 },
    ])
  })
})

describe('a claim that has grown old', () => {
  const now = performance.now.bind(performance)
  let turned = 0
  beforeEach(() => {
    turned = 0
    vi.spyOn(performance, 'now').mockImplementation(() => now() + turned)
  })
  afterEach(() => void vi.restoreAllMocks())

  const claimOf = async (id: string): Promise<Date> => {
    const [row] = await database.sql`select claimed_until from chat.outbox where id = ${id}`
    return row?.claimed_until
  }

  test('is renewed before its row is published', async () => {
    const claims: Date[] = []
    deps.publish = async ({ id }) => {
      claims.push(await claimOf('b'))
      published.push(id)
      turned += 6_000
      await new Promise(resolve => setTimeout(resolve, 20))
    }
    await put('a', 'b')
    await flushOutbox(deps, 'chat')
    expect(published).toEqual(['a', 'b'])
    expect(claims[1]?.getTime()).toBeGreaterThan(claims[0]?.getTime() ?? Number.NaN)
    expect(await left()).toEqual([])
  })

  test('gives up a row that another has claimed since', async () => {
    deps.publish = async ({ id }) => {
      published.push(id)
      turned += 6_000
      await database.sql`update chat.outbox set claimed_until = 'infinity' where id = 'b'`
    }
    await put('a', 'b')
    await flushOutbox(deps, 'chat')
    expect(published).toEqual(['a'])
  })
})

describe('the background', () => {
  test('publishes at the start what a crash between commit and publish left', async () => {
    await put('a')
    retry = createOutboxRetry(() => deps, 'chat')
    retry.start()
    await vi.waitFor(() => expect(published).toEqual(['a']))
  })

  test('comes back for rows that a crashed process had claimed', async () => {
    await put('a')
    await database.sql`
      update chat.outbox set claimed_until = clock_timestamp() + interval '300 milliseconds'`
    retry = createOutboxRetry(() => deps, 'chat', { firstDelayMs: 20 })
    retry.start()
    await vi.waitFor(() => expect(published).toEqual(['a']), { timeout: 10_000 })
  })

  test('tries again until the broker takes the event, without another request', async () => {
    let asked = 0
    refuse = () => {
      asked += 1
      return asked < 4 ? new AppError('dependency_unavailable', 'away') : undefined
    }
    await put('a')
    retry = createOutboxRetry(() => deps, 'chat', { firstDelayMs: 5 })
    retry.later()
    await vi.waitFor(() => expect(published).toEqual(['a']), { timeout: 10_000 })
    expect(asked).toBe(4)
  })

  test('takes more than one batch, and nothing after it was closed', async () => {
    const ids = Array.from({ length: 45 }, (_, n) => `e${n}`)
    await put(...ids)
    retry = createOutboxRetry(() => deps, 'chat')
    retry.start()
    await vi.waitFor(() => expect(published).toHaveLength(45), { timeout: 10_000 })
    await retry.close()
    await put('late')
    retry.start()
    retry.later()
    await retry.close()
    expect(published).not.toContain('late')
  })
})

async function put(...ids: string[]): Promise<void> {
  for (const id of ids) await database.sql.begin(tx => enqueue(tx, 'chat', event(id)))
}

const left = async (): Promise<object[]> => [
  ...(await database.sql`
    select id, claimed_until is not null as claimed, attempts from chat.outbox order by id`),
]

const event = (id: string): CloudEvent => ({
  specversion: '1.0',
  id,
  source: '/test',
  type: 'test',
  data: {},
  extensions: {},
})
