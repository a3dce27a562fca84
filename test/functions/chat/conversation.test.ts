/** Conversations belong to one user, and come in pages. */
import { describe, expect, it } from 'vitest'
import type { ChatMessage, Conversation } from '../../../shared/contracts/chat.ts'
import { person } from '../../fixtures/person.ts'
import { BASE, useChat } from './harness.ts'

const chat = useChat()

describe('conversations', () => {
  it('are seen, written to and deleted by their user alone', async () => {
    const { id } = await chat.begin()
    await chat.say(id, 'Hello?')
    const other = person()
    for (const response of [
      await chat.app.request(`${BASE}/${id}/messages`, { as: other }),
      await chat.post(`${BASE}/${id}/messages`, { content: 'x' }, { as: other }),
      await chat.post(`${BASE}/${id}/stream`, { content: 'x' }, { as: other }),
      await chat.app.request(`${BASE}/${id}`, { method: 'DELETE', as: other }),
    ]) {
      expect(response.status).toBe(404)
      expect(await response.json()).toMatchObject({ error: { code: 'not_found' } })
    }
    const { conversations } = await chat.get<{ conversations: Conversation[] }>(BASE, other)
    expect(conversations).toEqual([])
    expect(chat.inference.asked).toHaveLength(1)
  })

  it('are gone with their messages once deleted', async () => {
    const { id } = await chat.begin()
    await chat.say(id, 'Hello?')
    expect(
      (await chat.app.request(`${BASE}/${id}`, { method: 'DELETE', as: chat.user })).status,
    ).toBe(204)
    expect((await chat.app.request(`${BASE}/${id}/messages`, { as: chat.user })).status).toBe(404)
    const rows = await chat.sql`select 1 from chat.messages where conversation_id = ${id}`
    expect(rows).toHaveLength(0)
  })

  it('are listed last used first and in pages, as are messages, oldest first', async () => {
    const ids = [(await chat.begin()).id, (await chat.begin()).id, (await chat.begin()).id]
    await chat.say(ids[0] ?? '', 'one')
    await chat.say(ids[0] ?? '', 'two')
    const seen: string[] = []
    let path: string | undefined = `${BASE}?limit=2`
    for (let i = 0; i < 5 && path; i++) {
      const page: { conversations: Conversation[]; next_cursor: string | null } =
        await chat.get(path)
      seen.push(...page.conversations.map(({ id }) => id))
      path = page.next_cursor ? `${BASE}?limit=2&cursor=${page.next_cursor}` : undefined
    }
    expect(seen).toEqual([ids[0], ids[2], ids[1]])
    const first = await chat.get<{ messages: ChatMessage[]; next_cursor: string }>(
      `${BASE}/${ids[0]}/messages?limit=3`,
    )
    const rest = await chat.get<{ messages: ChatMessage[]; next_cursor: string | null }>(
      `${BASE}/${ids[0]}/messages?limit=3&cursor=${first.next_cursor}`,
    )
    expect([...first.messages, ...rest.messages].map(({ content }) => content)).toEqual([
      'one',
      'Hello there',
      'two',
      'Hello there',
    ])
    expect(rest.next_cursor).toBeNull()
  })

  it.each([
    'conversations?cursor=x',
    'conversations/00000000-0000-4000-8000-000000000000/messages?cursor=x',
  ])('refuse a cursor that they did not give: %s', async path => {
    const response = await chat.app.request(`/api/v1/chat/${path}`, { as: chat.user })
    expect(response.status).toBe(422)
  })
})
