/** Chat over its HTTP API, on a real PostgreSQL, with a scripted model and broker. */
import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import definition from '../../../functions/chat/index.ts'
import type { ChatConfig } from '../../../functions/chat/settings.ts'
import type { Sql } from '../../../shared/clients/sql.ts'
import type { ChatMessage, Conversation, Turn } from '../../../shared/contracts/chat.ts'
import type { ChatDelta } from '../../../shared/contracts/inference.ts'
import { AppError } from '../../../shared/errors.ts'
import type { CloudEvent } from '../../../shared/event.ts'
import type { Principal } from '../../../shared/principal.ts'
import { parseSse } from '../../../shared/sse.ts'
import { createTestApp, readJson, type TestApp } from '../../fixtures/function.ts'
import { createFakeInference, type FakeInference } from '../../fixtures/inference.ts'
import { type MemoryStores, startMemoryStores } from '../../fixtures/memory-stores.ts'
import { person } from '../../fixtures/person.ts'

/** What the scripted memory recalls for every question. */
export const MEMORY: { id: string; text: string; score: number; valid_from: string } = {
  id: randomUUID(),
  text: 'My favourite colour is green',
  score: 0.8,
  valid_from: '2026-03-01T00:00:00.000Z',
}

/** Where conversations are served. */
export const BASE = '/api/v1/chat/conversations'

/** A server-sent event with its data parsed. */
export interface Event {
  event: string
  data: unknown
}

/** A chat of its own for each test, with a user that has said nothing yet; the stores are the file's. */
export interface ChatHarness {
  app: TestApp<ChatConfig>
  inference: FakeInference
  user: Principal
  published: CloudEvent[]
  brokerDown: boolean
  memoryDown: boolean
  /** What memory was asked, and by whom. */
  recalled: { input: unknown; as: Principal | undefined }[]
  sql: Sql
  post(
    path: string,
    body: object,
    init?: { as?: Principal; signal?: AbortSignal },
  ): Promise<Response>
  /** The JSON of an answer that must be a success. */
  get<T>(path: string, as?: Principal): Promise<T>
  begin(): Promise<Conversation>
  say(id: string, content: string, more?: object): Promise<Turn>
  stream(id: string, body: object): Promise<Event[]>
  messagesOf(id: string): Promise<ChatMessage[]>
}

/** Starts the stores for a test file and everything else for each test. */
export function useChat(): ChatHarness {
  let stores: MemoryStores
  const harness = {} as ChatHarness

  beforeAll(async () => {
    stores = await startMemoryStores(['chat'])
  })
  afterAll(() => stores?.close())

  beforeEach(() => {
    const inference = createFakeInference({
      'memory recall': (input, { principal }) => {
        harness.recalled.push({ input, as: principal })
        if (harness.memoryDown) throw new AppError('dependency_unavailable', 'memory is down')
        return { results: [MEMORY], processing_time_ms: 1 }
      },
    })
    const app = createTestApp(definition, {
      env: { DATABASE_URL: stores.env.DATABASE_URL ?? '' },
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
      memoryDown: false,
      recalled: [],
      sql: stores.sql,
    })
  })
  afterEach(() => harness.app.deps.close())

  const post: ChatHarness['post'] = (path, body, init = {}) =>
    harness.app.request(path, {
      method: 'POST',
      body: JSON.stringify(body),
      as: harness.user,
      ...init,
    })

  const read = <T>(answer: Promise<Response>): Promise<T> => readJson(harness.app, answer)

  return Object.assign(harness, {
    post,
    get: <T>(path: string, as = harness.user) => read<T>(harness.app.request(path, { as })),
    begin: () => read<Conversation>(post(BASE, {})),
    say: (id: string, content: string, more: object = {}) =>
      read<Turn>(post(`${BASE}/${id}/messages`, { content, ...more })),
    async stream(id: string, body: object) {
      const response = await post(`${BASE}/${id}/stream`, body)
      expect(response.headers.get('content-type')).toContain('text/event-stream')
      return Array.fromAsync(eventsOf(response))
    },
    async messagesOf(id: string) {
      const path = `${BASE}/${id}/messages`
      const { messages } = await harness.get<{ messages: ChatMessage[] }>(path)
      return messages
    },
  })
}

/** The events of a stream as they come. */
export async function* eventsOf(response: Response): AsyncGenerator<Event> {
  for await (const { event, data } of parseSse(response.body as AsyncIterable<Uint8Array>)) {
    yield { event, data: JSON.parse(data) }
  }
}

/** Makes the model say its first words and then nothing, until its caller leaves. */
export function stall(inference: FakeInference): { aborted: Promise<void> } {
  let settle = (): void => {}
  const aborted = new Promise<void>(resolve => {
    settle = resolve
  })
  inference.frames = async function* (_, signal): AsyncIterable<ChatDelta> {
    yield { delta: 'The answer', done: false, model: 'scripted' }
    await new Promise<void>(resolve => {
      if (signal.aborted) resolve()
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
    settle()
    throw signal.reason
  }
  return { aborted }
}
