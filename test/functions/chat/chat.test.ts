/** Chat over its HTTP API, on a real PostgreSQL, with a scripted model and broker. */
import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import chat from '../../../functions/chat/index.ts'
import type { ChatConfig } from '../../../functions/chat/settings.ts'
import type { ChatMessage, Conversation, Turn } from '../../../shared/contracts/chat.ts'
import { turnCompleted } from '../../../shared/contracts/chat.ts'
import type { ChatDelta } from '../../../shared/contracts/inference.ts'
import { AppError } from '../../../shared/errors.ts'
import type { CloudEvent } from '../../../shared/event.ts'
import type { Principal } from '../../../shared/principal.ts'
import { parseSse } from '../../../shared/sse.ts'
import { createTestApp, type TestApp } from '../../fixtures/function.ts'
import { createFakeInference, type FakeInference, framesOf } from '../../fixtures/inference.ts'
import { type MemoryStores, startMemoryStores } from '../../fixtures/memory-stores.ts'

const MEMORY = {
  id: randomUUID(),
  text: 'My favourite colour is green',
  score: 0.8,
  valid_from: '2026-03-01T00:00:00.000Z',
}

let stores: MemoryStores
let app: TestApp<ChatConfig>
let inference: FakeInference
let published: CloudEvent[] = []
let brokerDown = false
let memoryDown = false
let recalled: { input: unknown; as: Principal | undefined }[] = []
let user: Principal

beforeAll(async () => {
  stores = await startMemoryStores(['chat'])
})
afterAll(() => stores.close())

beforeEach(() => {
  recalled = []
  published = []
  brokerDown = false
  memoryDown = false
  user = person()
  inference = createFakeInference({
    'memory recall': (input, { principal }) => {
      recalled.push({ input, as: principal })
      if (memoryDown) throw new AppError('dependency_unavailable', 'memory cannot be reached')
      return { results: [MEMORY], processing_time_ms: 1 }
    },
  })
  app = start()
})
afterEach(() => app.deps.close())

function start(env: Record<string, string> = {}): TestApp<ChatConfig> {
  return createTestApp(chat, {
    env: { DATABASE_URL: stores.env.DATABASE_URL ?? '', ...env },
    call: inference.call,
    publish: async event => {
      if (brokerDown) throw new AppError('dependency_unavailable', 'the broker is down')
      published.push(event)
    },
  })
}

const person = (): Principal => ({
  sub: randomUUID(),
  kind: 'user',
  service: 'gateway',
  permissions: ['api:read', 'cognitive:inference'],
})

const BASE = '/api/v1/chat/conversations'

const post = (path: string, body: object, init: { as?: Principal; signal?: AbortSignal } = {}) =>
  app.request(path, { method: 'POST', body: JSON.stringify(body), as: user, ...init })

async function ok<T>(response: Response | Promise<Response>): Promise<T> {
  const answer = await response
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`)
  return (await answer.json()) as T
}

const begin = () => ok<Conversation>(post(BASE, {}))

const say = (id: string, content: string, more: object = {}) =>
  ok<Turn>(post(`${BASE}/${id}/messages`, { content, ...more }))

const messagesOf = async (id: string) =>
  (await ok<{ messages: ChatMessage[] }>(app.request(`${BASE}/${id}/messages`, { as: user })))
    .messages

interface Event {
  event: string
  data: unknown
}

async function* eventsOf(response: Response): AsyncGenerator<Event> {
  for await (const { event, data } of parseSse(response.body as AsyncIterable<Uint8Array>)) {
    yield { event, data: JSON.parse(data) }
  }
}

async function stream(id: string, body: object): Promise<Event[]> {
  const response = await post(`${BASE}/${id}/stream`, body)
  expect(response.headers.get('content-type')).toContain('text/event-stream')
  return Array.fromAsync(eventsOf(response))
}

/** A model that says its first words and then nothing, until its caller leaves. */
function stall(): { aborted: Promise<void> } {
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

describe('an answer', () => {
  it('streams the memories used, the words as they come, and the whole turn', async () => {
    const { id } = await begin()
    const events = await stream(id, { content: 'What is my favourite colour?' })
    expect(events.map(({ event }) => event)).toEqual(['memories', 'delta', 'delta', 'done'])
    const used = [{ id: MEMORY.id, text: MEMORY.text, score: MEMORY.score }]
    expect(events[0]?.data).toEqual(used)
    expect(events[3]?.data).toMatchObject({
      user: { role: 'user', content: 'What is my favourite colour?' },
      assistant: {
        content: 'Hello there',
        model: 'scripted',
        status: 'complete',
        memories_used: used,
      },
    })
    expect(await messagesOf(id)).toEqual(Object.values(events[3]?.data as Turn))
  })

  it('recalls for the user who asks, and tells the model what was recalled', async () => {
    const { id } = await begin()
    await say(id, 'What is my favourite colour?')
    expect(recalled).toMatchObject([
      { input: { query: 'What is my favourite colour?', limit: 5 }, as: { sub: user.sub } },
    ])
    const [system, question] = inference.asked[0]?.messages ?? []
    expect(system?.content).toContain('- My favourite colour is green (2026-03-01)')
    expect(question).toEqual({ role: 'user', content: 'What is my favourite colour?' })
  })

  it('comes without memories when memory is down, and says so', async () => {
    memoryDown = true
    const { id } = await begin()
    const events = await stream(id, { content: 'Hello?' })
    expect(events[0]).toEqual({ event: 'memories', data: [] })
    expect(events.at(-1)?.event).toBe('done')
  })

  it('knows the turns before it, but not a question that got no answer', async () => {
    const { id } = await begin()
    await say(id, 'one')
    inference.down.add('chat-stream')
    await post(`${BASE}/${id}/messages`, { content: 'lost' })
    inference.down.clear()
    await say(id, 'two')
    expect(inference.asked.at(-1)?.messages.slice(1)).toEqual([
      { role: 'user', content: 'one' },
      { role: 'assistant', content: 'Hello there' },
      { role: 'user', content: 'two' },
    ])
  })

  it('is published with its text before the client hears that it is done', async () => {
    const { id } = await begin()
    const response = await post(`${BASE}/${id}/stream`, { content: 'I live in Lyon' })
    for await (const { event, data } of eventsOf(response)) {
      if (event !== 'done') continue
      const { assistant } = data as Turn
      expect(published).toMatchObject([
        {
          type: turnCompleted.type,
          id: assistant.id,
          subject: id,
          data: {
            user_id: user.sub,
            turn_id: assistant.id,
            user_text: 'I live in Lyon',
            assistant_text: 'Hello there',
          },
        },
      ])
      return
    }
    throw new Error('the stream ended without done')
  })

  it('survives a broker that is down: the event waits for the next request', async () => {
    brokerDown = true
    const { id } = await begin()
    const events = await stream(id, { content: 'I live in Lyon', idempotency_key: 'k' })
    expect(events.at(-1)?.event).toBe('done')
    brokerDown = false
    await say(id, 'I live in Lyon', { idempotency_key: 'k' })
    expect(published.map(({ data }) => (data as { user_text: string }).user_text)).toEqual([
      'I live in Lyon',
    ])
  })

  it('names a conversation that has no title after its first question', async () => {
    const { id } = await begin()
    await say(id, `Tell  me\n${'about whales '.repeat(20)}`)
    await say(id, 'and sharks')
    const { conversations } = await ok<{ conversations: Conversation[] }>(
      app.request(BASE, { as: user }),
    )
    expect(conversations[0]?.title).toMatch(/^Tell me about whales .{10,40}…$/)
  })
})

describe('a failed answer', () => {
  it('is told in the stream, kept as failed, published to nobody, and can be asked again', async () => {
    inference.down.add('chat-stream')
    const { id } = await begin()
    const events = await stream(id, { content: 'Hello?', idempotency_key: 'k' })
    expect(events.at(-1)).toMatchObject({
      event: 'error',
      data: { code: 'model_unavailable', message: 'the scripted model is down' },
    })
    expect((await messagesOf(id)).map(({ status }) => status)).toEqual(['complete', 'failed'])
    expect(published).toEqual([])
    inference.down.clear()
    await say(id, 'Hello?', { idempotency_key: 'k' })
    expect((await messagesOf(id)).map(({ content }) => content)).toEqual(['Hello?', 'Hello there'])
  })

  it('is an ordinary error for a caller that waits for the whole', async () => {
    inference.down.add('chat-stream')
    const { id } = await begin()
    const response = await post(`${BASE}/${id}/messages`, { content: 'Hello?' })
    expect(response.status).toBe(503)
    expect(await response.json()).toMatchObject({ error: { code: 'model_unavailable' } })
  })

  it.each([
    ['ends without being finished', () => cut(), 'upstream_error'],
    [
      'sends an error',
      () => cut({ code: 'model_unavailable', message: 'gone' }),
      'model_unavailable',
    ],
    ['says nothing', () => framesOf(), 'upstream_error'],
  ])('is never taken for an answer when the model %s', async (_, frames, code) => {
    inference.frames = frames
    const { id } = await begin()
    const events = await stream(id, { content: 'Hello?' })
    expect(events.at(-1)).toMatchObject({ event: 'error', data: { code } })
    expect((await messagesOf(id)).at(-1)?.status).toBe('failed')
    expect(published).toEqual([])
  })

  it('keeps what there was when the client leaves, and stops the model', async () => {
    const { aborted } = stall()
    const { id } = await begin()
    const response = await post(`${BASE}/${id}/stream`, { content: 'Hello?' })
    for await (const { event } of eventsOf(response)) if (event === 'delta') break
    await aborted
    await vi.waitFor(async () => {
      expect((await messagesOf(id)).at(-1)).toMatchObject({
        status: 'failed',
        content: 'The answer',
      })
    })
    expect(published).toEqual([])
  })

  it('keeps what there was when the connection of a waiting caller breaks', async () => {
    const { aborted } = stall()
    const { id } = await begin()
    const leaving = new AbortController()
    const pending = post(
      `${BASE}/${id}/messages`,
      { content: 'Hello?' },
      { signal: leaving.signal },
    )
    await vi.waitFor(() => expect(inference.asked).toHaveLength(1))
    leaving.abort()
    await aborted
    await pending
    expect((await messagesOf(id)).at(-1)?.status).toBe('failed')
  })
})

async function* cut(error?: { code: string; message: string }): AsyncIterable<ChatDelta> {
  yield { delta: 'Hel', done: false, model: 'scripted' }
  if (error) yield { delta: '', done: false, model: 'scripted', error }
}

describe('an idempotency key', () => {
  it('replays the turn that it made, whole or as a stream', async () => {
    const { id } = await begin()
    const first = await say(id, 'Hello?', { idempotency_key: 'k' })
    expect(await say(id, 'Hello?', { idempotency_key: 'k' })).toEqual(first)
    const events = await stream(id, { content: 'Hello?', idempotency_key: 'k' })
    expect(events.map(({ event }) => event)).toEqual(['memories', 'delta', 'done'])
    expect(events.at(-1)?.data).toEqual(first)
    expect(inference.asked).toHaveLength(1)
    expect(published).toHaveLength(1)
  })

  it('answers busy while the first is being answered, and once only', async () => {
    const { aborted } = stall()
    const { id } = await begin()
    const response = await post(`${BASE}/${id}/stream`, { content: 'Hello?', idempotency_key: 'k' })
    const events = eventsOf(response)
    await events.next()
    const second = await post(`${BASE}/${id}/messages`, { content: 'Hello?', idempotency_key: 'k' })
    expect(second.status).toBe(409)
    expect(await second.json()).toMatchObject({ error: { code: 'busy' } })
    await events.return(undefined)
    await aborted
  })

  it('answers conflict when it asked something else before', async () => {
    const { id } = await begin()
    await say(id, 'Hello?', { idempotency_key: 'k' })
    const response = await post(`${BASE}/${id}/messages`, { content: 'Bye', idempotency_key: 'k' })
    expect(await response.json()).toMatchObject({ error: { code: 'conflict' } })
  })

  it('takes up a turn whose writer died, and keeps the dead from finishing it', async () => {
    stall()
    const { id } = await begin()
    const response = await post(`${BASE}/${id}/stream`, { content: 'Hello?', idempotency_key: 'k' })
    const events = eventsOf(response)
    await events.next()
    await stores.sql`
      update chat.messages set leased_until = clock_timestamp() - interval '1 second'
      where conversation_id = ${id} and status = 'pending'`
    expect((await messagesOf(id)).at(-1)?.status).toBe('failed')
    inference.frames = () => framesOf('again')
    const { assistant } = await say(id, 'Hello?', { idempotency_key: 'k' })
    await events.return(undefined)
    await vi.waitFor(() => expect(inference.asked).toHaveLength(2))
    expect((await messagesOf(id)).at(-1)).toEqual(assistant)
    expect(assistant).toMatchObject({ content: 'again', status: 'complete' })
  })
})

describe('conversations', () => {
  it('are seen, written to and deleted by their user alone', async () => {
    const { id } = await begin()
    await say(id, 'Hello?')
    const other = person()
    for (const response of [
      await app.request(`${BASE}/${id}/messages`, { as: other }),
      await post(`${BASE}/${id}/messages`, { content: 'x' }, { as: other }),
      await post(`${BASE}/${id}/stream`, { content: 'x' }, { as: other }),
      await app.request(`${BASE}/${id}`, { method: 'DELETE', as: other }),
    ]) {
      expect(response.status).toBe(404)
      expect(await response.json()).toMatchObject({ error: { code: 'not_found' } })
    }
    const { conversations } = await ok<{ conversations: Conversation[] }>(
      app.request(BASE, { as: other }),
    )
    expect(conversations).toEqual([])
    expect(inference.asked).toHaveLength(1)
  })

  it('are gone with their messages once deleted', async () => {
    const { id } = await begin()
    await say(id, 'Hello?')
    expect((await app.request(`${BASE}/${id}`, { method: 'DELETE', as: user })).status).toBe(204)
    expect((await app.request(`${BASE}/${id}/messages`, { as: user })).status).toBe(404)
    const rows = await stores.sql`select 1 from chat.messages where conversation_id = ${id}`
    expect(rows).toHaveLength(0)
  })

  it('are listed last used first and in pages, as are messages, oldest first', async () => {
    const ids = [(await begin()).id, (await begin()).id, (await begin()).id]
    await say(ids[0] ?? '', 'one')
    await say(ids[0] ?? '', 'two')
    const seen: string[] = []
    let path: string | undefined = `${BASE}?limit=2`
    for (let i = 0; i < 5 && path; i++) {
      const page: { conversations: Conversation[]; next_cursor: string | null } = await ok(
        app.request(path, { as: user }),
      )
      seen.push(...page.conversations.map(({ id }) => id))
      path = page.next_cursor ? `${BASE}?limit=2&cursor=${page.next_cursor}` : undefined
    }
    expect(seen).toEqual([ids[0], ids[2], ids[1]])
    const first = await ok<{ messages: ChatMessage[]; next_cursor: string }>(
      app.request(`${BASE}/${ids[0]}/messages?limit=3`, { as: user }),
    )
    const rest = await ok<{ messages: ChatMessage[]; next_cursor: string | null }>(
      app.request(`${BASE}/${ids[0]}/messages?limit=3&cursor=${first.next_cursor}`, { as: user }),
    )
    expect([...first.messages, ...rest.messages].map(({ content }) => content)).toEqual([
      'one',
      'Hello there',
      'two',
      'Hello there',
    ])
    expect(rest.next_cursor).toBeNull()
  })

  it.each(['conversations?cursor=x', `conversations/${randomUUID()}/messages?cursor=x`])(
    'refuse a cursor that they did not give: %s',
    async path => {
      const response = await app.request(`/api/v1/chat/${path}`, { as: user })
      expect(response.status).toBe(422)
    },
  )
})
