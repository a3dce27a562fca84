/** Memory over its HTTP API and its events, on a real PostgreSQL and a vector store. */
import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import memory from '../../../functions/memory/index.ts'
import type { MemoryConfig } from '../../../functions/memory/settings.ts'
import type { Sql } from '../../../shared/clients/sql.ts'
import { turnCompleted } from '../../../shared/contracts/chat.ts'
import type { ListResult, RecallResult, RememberResult } from '../../../shared/contracts/memory.ts'
import { AppError } from '../../../shared/errors.ts'
import type { CloudEvent } from '../../../shared/event.ts'
import type { Principal } from '../../../shared/principal.ts'
import { createTestApp, readJson, type TestApp } from '../../fixtures/function.ts'
import { createFakeInference, type FakeInference } from '../../fixtures/inference.ts'
import { type MemoryStores, startMemoryStores } from '../../fixtures/memory-stores.ts'
import { person } from '../../fixtures/person.ts'

/** A memory of its own for each test, with a user that has told nothing yet; the stores are the file's. */
export interface MemoryHarness {
  app: TestApp<MemoryConfig>
  inference: FakeInference
  user: Principal
  published: CloudEvent[]
  brokerDown: boolean
  sql: Sql
  remember(content: string, more?: object): Promise<RememberResult>
  recall(query: string, more?: object, as?: Principal): Promise<RecallResult>
  list(query?: string, as?: Principal): Promise<ListResult>
  read<T>(path: string): Promise<T>
  forget(id: string, as?: Principal): Promise<Response>
  /** Delivers a turn in which the user said `text`. */
  tell(text: string, more?: object): Promise<void>
  /** Delivers what was published, as the broker does; `times` proves idempotency. */
  deliverAll(times?: number): Promise<void>
}

/** Starts the stores for a test file and everything else for each test. */
export function useMemory(): MemoryHarness {
  let stores: MemoryStores
  const harness = {} as MemoryHarness

  beforeAll(async () => {
    stores = await startMemoryStores(['memory'])
  })
  afterAll(() => stores?.close())

  beforeEach(() => {
    const inference = createFakeInference()
    const app = createTestApp(memory, {
      env: stores.env,
      call: inference.call,
      publish: async event => {
        if (harness.brokerDown) throw new AppError('dependency_unavailable', 'the broker is down')
        harness.published.push(event)
      },
    })
    Object.assign(harness, {
      app,
      inference,
      user: person(),
      published: [],
      brokerDown: false,
      sql: stores.sql,
    })
  })
  afterEach(() => harness.app.deps.close())

  const ask = <T>(path: string, init: RequestInit & { as?: Principal } = {}): Promise<T> =>
    readJson(harness.app, harness.app.request(path, { as: harness.user, ...init }))

  const post = <T>(path: string, body: object, as = harness.user): Promise<T> =>
    ask(path, { method: 'POST', body: JSON.stringify(body), as })

  return Object.assign(harness, {
    read: ask,
    remember: (content: string, more: object = {}) =>
      post<RememberResult>('/api/v1/memories', { content, ...more }),
    recall: (query: string, more: object = {}, as = harness.user) =>
      post<RecallResult>('/api/v1/memories/search', { query, ...more }, as),
    list: (query = '', as = harness.user) => ask<ListResult>(`/api/v1/memories${query}`, { as }),
    forget: (id: string, as = harness.user) =>
      harness.app.request(`/api/v1/memories/${id}`, { method: 'DELETE', as }),
    async tell(text: string, more: object = {}) {
      const data = turn(harness.user, text, more)
      expect((await harness.app.deliver(turnCompleted.type, data)).status).toBe(202)
    },
    async deliverAll(times = 1) {
      for (const { type, id, data } of harness.published.splice(0)) {
        for (let i = 0; i < times; i++) {
          expect((await harness.app.deliver(type, data, { id })).status).toBe(202)
        }
      }
    },
  })
}

/** The data of a finished turn. */
export const turn = (user: Principal, text: string, more: object = {}): object => ({
  user_id: user.sub,
  conversation_id: randomUUID(),
  turn_id: randomUUID(),
  user_text: text,
  assistant_text: 'Noted.',
  occurred_at: new Date().toISOString(),
  ...more,
})

/** What was found, best first. */
export const textsOf = ({ results }: RecallResult): string[] => results.map(({ text }) => text)
