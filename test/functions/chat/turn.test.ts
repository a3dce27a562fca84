/** A turn is begun once: replayed, refused while it is answered, taken up after a crash. */
import { describe, expect, it, vi } from 'vitest'
import { framesOf } from '../../fixtures/inference.ts'
import { BASE, eventsOf, stall, useChat } from './harness.ts'

const chat = useChat()
const HELLO = { content: 'Hello?', idempotency_key: 'k' }

describe('an idempotency key', () => {
  it('replays the turn that it made, whole or as a stream', async () => {
    const { id } = await chat.begin()
    const first = await chat.say(id, 'Hello?', { idempotency_key: 'k' })
    expect(await chat.say(id, 'Hello?', { idempotency_key: 'k' })).toEqual(first)
    const events = await chat.stream(id, HELLO)
    expect(events.map(({ event }) => event)).toEqual(['memories', 'delta', 'done'])
    expect(events.at(-1)?.data).toEqual(first)
    expect(chat.inference.asked).toHaveLength(1)
    expect(chat.published).toHaveLength(1)
  })

  it('answers busy while the first is being answered, and once only', async () => {
    const { aborted } = stall(chat.inference)
    const { id } = await chat.begin()
    const response = await chat.post(`${BASE}/${id}/stream`, HELLO)
    const events = eventsOf(response)
    await events.next()
    const second = await chat.post(`${BASE}/${id}/messages`, HELLO)
    expect(second.status).toBe(409)
    expect(await second.json()).toMatchObject({ error: { code: 'busy' } })
    await events.return(undefined)
    await aborted
  })

  it('answers conflict when it asked something else before', async () => {
    const { id } = await chat.begin()
    await chat.say(id, 'Hello?', { idempotency_key: 'k' })
    const response = await chat.post(`${BASE}/${id}/messages`, {
      content: 'Bye',
      idempotency_key: 'k',
    })
    expect(await response.json()).toMatchObject({ error: { code: 'conflict' } })
  })

  it('takes up a turn whose writer died, and keeps the dead from finishing it', async () => {
    stall(chat.inference)
    const { id } = await chat.begin()
    const response = await chat.post(`${BASE}/${id}/stream`, HELLO)
    const events = eventsOf(response)
    await events.next()
    await chat.sql`
      update chat.messages set leased_until = clock_timestamp() - interval '1 second'
      where conversation_id = ${id} and status = 'pending'`
    expect((await chat.messagesOf(id)).at(-1)?.status).toBe('failed')
    chat.inference.frames = () => framesOf('again')
    const { assistant } = await chat.say(id, 'Hello?', { idempotency_key: 'k' })
    await events.return(undefined)
    await vi.waitFor(() => expect(chat.inference.asked).toHaveLength(2))
    expect((await chat.messagesOf(id)).at(-1)).toEqual(assistant)
    expect(assistant).toMatchObject({ content: 'again', status: 'complete' })
  })
})
