/** An answer: recalled, streamed, committed, published; or failed, and asked again. */
import { describe, expect, it, vi } from 'vitest'
import { type Conversation, type Turn, turnCompleted } from '../../../shared/contracts/chat.ts'
import type { ChatDelta } from '../../../shared/contracts/inference.ts'
import { framesOf } from '../../fixtures/inference.ts'
import { BASE, eventsOf, MEMORY, stall, useChat } from './harness.ts'

const chat = useChat()

describe('an answer', () => {
  it('streams the memories used, the words as they come, and the whole turn', async () => {
    const { id } = await chat.begin()
    const events = await chat.stream(id, { content: 'What is my favourite colour?' })
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
    expect(await chat.messagesOf(id)).toEqual(Object.values(events[3]?.data as Turn))
  })

  it('recalls for the user who asks, and tells the model what was recalled', async () => {
    const { id } = await chat.begin()
    await chat.say(id, 'What is my favourite colour?')
    expect(chat.recalled).toMatchObject([
      { input: { query: 'What is my favourite colour?', limit: 5 }, as: { sub: chat.user.sub } },
    ])
    const [system, question] = chat.inference.asked[0]?.messages ?? []
    expect(system?.content).toContain('- My favourite colour is green (2026-03-01)')
    expect(question).toEqual({ role: 'user', content: 'What is my favourite colour?' })
  })

  it('comes without memories when memory is down, and says so', async () => {
    chat.memoryDown = true
    const { id } = await chat.begin()
    const events = await chat.stream(id, { content: 'Hello?' })
    expect(events[0]).toEqual({ event: 'memories', data: [] })
    expect(events.at(-1)?.event).toBe('done')
  })

  it('knows the turns before it, but not a question that got no answer', async () => {
    chat.app.expectErrors()
    const { id } = await chat.begin()
    await chat.say(id, 'one')
    chat.inference.down.add('chat-stream')
    await chat.post(`${BASE}/${id}/messages`, { content: 'lost' })
    chat.inference.down.clear()
    await chat.say(id, 'two')
    expect(chat.inference.asked.at(-1)?.messages.slice(1)).toEqual([
      { role: 'user', content: 'one' },
      { role: 'assistant', content: 'Hello there' },
      { role: 'user', content: 'two' },
    ])
  })

  it('is published with its text before the client hears that it is done', async () => {
    const { id } = await chat.begin()
    const response = await chat.post(`${BASE}/${id}/stream`, { content: 'I live in Lyon' })
    for await (const { event, data } of eventsOf(response)) {
      if (event !== 'done') continue
      const { assistant } = data as Turn
      expect(chat.published).toMatchObject([
        {
          type: turnCompleted.type,
          id: assistant.id,
          subject: id,
          data: {
            user_id: chat.user.sub,
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
    chat.brokerDown = true
    const { id } = await chat.begin()
    const events = await chat.stream(id, { content: 'I live in Lyon', idempotency_key: 'k' })
    expect(events.at(-1)?.event).toBe('done')
    chat.brokerDown = false
    await chat.say(id, 'I live in Lyon', { idempotency_key: 'k' })
    expect(chat.published.map(({ data }) => (data as { user_text: string }).user_text)).toEqual([
      'I live in Lyon',
    ])
  })

  it('names a conversation that has no title after its first question', async () => {
    const { id } = await chat.begin()
    await chat.say(id, `Tell  me\n${'about whales '.repeat(20)}`)
    await chat.say(id, 'and sharks')
    const { conversations } = await chat.get<{ conversations: Conversation[] }>(BASE)
    expect(conversations[0]?.title).toMatch(/^Tell me about whales .{10,40}…$/)
  })
})

describe('a failed answer', () => {
  it('is told in the stream, kept as failed, published to nobody, and can be asked again', async () => {
    chat.app.expectErrors()
    chat.inference.down.add('chat-stream')
    const { id } = await chat.begin()
    const events = await chat.stream(id, { content: 'Hello?', idempotency_key: 'k' })
    expect(events.at(-1)).toMatchObject({
      event: 'error',
      data: { code: 'model_unavailable', message: 'the scripted model is down' },
    })
    expect((await chat.messagesOf(id)).map(({ status }) => status)).toEqual(['complete', 'failed'])
    expect(chat.published).toEqual([])
    chat.inference.down.clear()
    await chat.say(id, 'Hello?', { idempotency_key: 'k' })
    expect((await chat.messagesOf(id)).map(({ content }) => content)).toEqual([
      'Hello?',
      'Hello there',
    ])
  })

  it('is an ordinary error for a caller that waits for the whole', async () => {
    chat.app.expectErrors()
    chat.inference.down.add('chat-stream')
    const { id } = await chat.begin()
    const response = await chat.post(`${BASE}/${id}/messages`, { content: 'Hello?' })
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
    chat.app.expectErrors()
    chat.inference.frames = frames
    const { id } = await chat.begin()
    const events = await chat.stream(id, { content: 'Hello?' })
    expect(events.at(-1)).toMatchObject({ event: 'error', data: { code } })
    expect((await chat.messagesOf(id)).at(-1)?.status).toBe('failed')
    expect(chat.published).toEqual([])
  })

  it('keeps what there was when the client leaves, and stops the model', async () => {
    const { aborted } = stall(chat.inference)
    const { id } = await chat.begin()
    const response = await chat.post(`${BASE}/${id}/stream`, { content: 'Hello?' })
    for await (const { event } of eventsOf(response)) if (event === 'delta') break
    await aborted
    await vi.waitFor(async () => {
      expect((await chat.messagesOf(id)).at(-1)).toMatchObject({
        status: 'failed',
        content: 'The answer',
      })
    })
    expect(chat.published).toEqual([])
  })

  it('keeps what there was when the connection of a waiting caller breaks', async () => {
    const { aborted } = stall(chat.inference)
    const { id } = await chat.begin()
    const leaving = new AbortController()
    const pending = chat.post(
      `${BASE}/${id}/messages`,
      { content: 'Hello?' },
      { signal: leaving.signal },
    )
    await vi.waitFor(() => expect(chat.inference.asked).toHaveLength(1))
    leaving.abort()
    await aborted
    await pending
    expect((await chat.messagesOf(id)).at(-1)?.status).toBe('failed')
  })
})

async function* cut(error?: { code: string; message: string }): AsyncIterable<ChatDelta> {
  yield { delta: 'Hel', done: false, model: 'scripted' }
  if (error) yield { delta: '', done: false, model: 'scripted', error }
}
