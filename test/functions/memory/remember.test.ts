/** What is told over HTTP: kept, replaced by its facts, forgotten. */
import { describe, expect, it } from 'vitest'
import { episodeRecorded, type ListResult, type Memory } from '../../../shared/contracts/memory.ts'
import type { Principal } from '../../../shared/principal.ts'
import { person } from '../../fixtures/person.ts'
import { textsOf, useMemory } from './harness.ts'

const memory = useMemory()

describe('remember', () => {
  it('makes a text findable before its event is delivered', async () => {
    const { memory_id, status } = await memory.remember('The staging cluster is called narwhal')
    expect(status).toBe('pending')
    const { results } = await memory.recall('what is the staging cluster called?')
    expect(results[0]).toMatchObject({ id: memory_id, kind: 'episode' })
    expect(results[0]?.score_parts.lexical).toBeGreaterThan(0.5)
    expect(results[0]?.score_parts.vector).toBeGreaterThan(0.3)
  })

  it('answers a repeated idempotency key with the first memory', async () => {
    const first = await memory.remember('My cat is called Miso', { idempotency_key: 'k' })
    const second = await memory.remember('something else', { idempotency_key: 'k' })
    expect(second.memory_id).toBe(first.memory_id)
    expect(memory.published).toHaveLength(1)
    await memory.deliverAll()
    expect(await memory.remember('My cat is called Miso', { idempotency_key: 'k' })).toEqual({
      memory_id: first.memory_id,
      status: 'consolidated',
    })
  })

  it('replaces the text by its facts once they say all of it', async () => {
    const { memory_id } = await memory.remember(
      'Hi! My favourite colour is green and I live in Lyon.',
      {
        tags: ['me'],
      },
    )
    await memory.deliverAll()
    const { memories } = await memory.list()
    expect(memories.map(({ text, kind, tags }) => [text, kind, tags]).sort()).toEqual([
      ['I live in Lyon', 'fact', ['me']],
      ['My favourite colour is green', 'preference', ['me']],
    ])
    const raw = await memory.read<Memory>(`/api/v1/memories/${memory_id}`)
    expect(memories.map(({ id }) => id)).toContain(raw.superseded_by)
    expect(memories[0]?.sources).toEqual(raw.sources)
  })

  it('keeps the text when its facts do not say all of it', async () => {
    await memory.remember('I live in Lyon. The runbook explains how to rotate certificates.')
    await memory.deliverAll()
    expect((await memory.list()).memories.map(({ kind }) => kind).sort()).toEqual([
      'episode',
      'fact',
    ])
    expect(textsOf(await memory.recall('rotate certificates'))[0]).toContain('runbook')
  })

  it('keeps one of two equal texts that hold no fact', async () => {
    await memory.remember('Certificates rotate quarterly, see the runbook')
    await memory.remember('certificates rotate quarterly,  see the runbook.')
    await memory.deliverAll()
    expect((await memory.list()).memories).toHaveLength(1)
  })

  it('keeps the event while the broker is down and publishes it with the next request', async () => {
    memory.brokerDown = true
    await memory.remember('I live in Lyon')
    expect(memory.published).toHaveLength(0)
    memory.brokerDown = false
    await memory.remember('I work at Acme')
    expect(memory.published.map(({ type }) => type)).toEqual([
      episodeRecorded.type,
      episodeRecorded.type,
    ])
  })

  it.each([
    ['no content', {}, 422],
    ['an empty content', { content: '' }, 422],
    ['10,001 characters', { content: 'x'.repeat(10_001) }, 422],
    ['21 tags', { content: 'x', tags: Array.from({ length: 21 }, String) }, 422],
    ['an unknown field', { content: 'x', user_id: 'another' }, 422],
  ])('refuses %s', async (_, body, status) => {
    const response = await memory.app.request('/api/v1/memories', {
      method: 'POST',
      body: JSON.stringify(body),
      as: memory.user,
    })
    expect(response.status).toBe(status)
  })
})

describe('forget', () => {
  it('takes the text out of every row and out of the index', async () => {
    await memory.remember('I live in Lyon with a parrot')
    await memory.deliverAll()
    const [found] = (await memory.list()).memories
    expect((await memory.forget(found?.id ?? '')).status).toBe(200)
    expect((await memory.recall('parrot Lyon', { include_superseded: true })).results).toEqual([])
    expect((await memory.list('?include_superseded=true')).memories).toEqual([])
    const rows = await memory.sql`
      select text from memory.memories where user_id = ${memory.user.sub}
      union all select content from memory.episodes where user_id = ${memory.user.sub}`
    expect(rows.map(({ text }) => text)).toEqual(['', '', ''])
    const { count } = await memory.app.deps.vectors.count('memories', {
      exact: true,
      filter: { must: [{ key: 'user_id', match: { value: memory.user.sub } }] },
    })
    expect(count).toBe(0)
    const [log] = await memory.sql`
      select count(*)::int as n from memory.decisions where user_id = ${memory.user.sub} and op = 'forget'`
    expect(log?.n).toBe(2)
  })

  it('forgets the raw text with any of its facts, told once or twice', async () => {
    const text = 'I live in Lyon and my name is Ann. The runbook rotates certificates.'
    await memory.remember(text)
    await memory.remember(`${text} `)
    await memory.deliverAll()
    const { memories } = await memory.list()
    expect(memories.map(({ kind }) => kind).sort()).toEqual(['episode', 'fact', 'fact'])
    await memory.forget(memories.find(fact => fact.text.includes('Ann'))?.id ?? '')
    const left = (await memory.list('?include_superseded=true')).memories
    expect(left.map(fact => fact.text)).toEqual(['I live in Lyon'])
    expect(textsOf(await memory.recall('Ann runbook', { include_superseded: true }))).not.toContain(
      text,
    )
    const rows = await memory.sql`
      select content from memory.episodes where user_id = ${memory.user.sub}`
    expect(rows.map(({ content }) => content)).toEqual(['', ''])
  })

  it('forgets a replaced raw text with the second of its facts', async () => {
    await memory.remember('I live in Lyon and my name is Ann')
    await memory.deliverAll()
    const { memories } = await memory.list()
    for (const { text, id } of memories) if (text.includes('Ann')) await memory.forget(id)
    const left = (await memory.list('?include_superseded=true')).memories
    expect(left.map(({ text }) => text)).toEqual(['I live in Lyon'])
  })

  it('does not bring a forgotten text back when its event arrives late', async () => {
    const { memory_id } = await memory.remember('I live in Lyon')
    await memory.forget(memory_id)
    await memory.deliverAll(2)
    expect((await memory.list('?include_superseded=true')).memories).toEqual([])
  })

  it('does not bring a text back that is forgotten while the model reads it', async () => {
    const { memory_id } = await memory.remember('I live in Lyon')
    memory.inference.replies = [
      async () => {
        await memory.forget(memory_id)
        return { facts: [] }
      },
    ]
    await memory.deliverAll()
    expect((await memory.list('?include_superseded=true')).memories).toEqual([])
  })

  it('leaves the other facts of the same text', async () => {
    await memory.tell('I live in Lyon and my name is Ann')
    const { memories } = await memory.list()
    await memory.forget(memories.find(({ text }) => text === 'I live in Lyon')?.id ?? '')
    expect((await memory.list()).memories.map(({ text }) => text)).toEqual(['my name is Ann'])
  })

  it('answers not_found to another user, and the second time', async () => {
    const { memory_id } = await memory.remember('I live in Lyon')
    expect((await memory.forget(memory_id, person())).status).toBe(404)
    expect(
      (await memory.app.request(`/api/v1/memories/${memory_id}`, { as: person() })).status,
    ).toBe(404)
    expect((await memory.forget(memory_id)).status).toBe(200)
    expect((await memory.forget(memory_id)).status).toBe(404)
  })
})

describe('list', () => {
  it('pages through all memories, newest first, each once', async () => {
    for (let i = 0; i < 7; i++) await memory.remember(`note ${i} about certificates`)
    const seen: string[] = []
    let cursor: string | null = null
    for (let i = 0; i < 10; i++) {
      const page: ListResult = await memory.list(`?limit=3${cursor ? `&cursor=${cursor}` : ''}`)
      seen.push(...page.memories.map(({ text }) => text))
      cursor = page.next_cursor
      if (!cursor) break
    }
    expect(seen).toEqual([6, 5, 4, 3, 2, 1, 0].map(i => `note ${i} about certificates`))
  })

  it('refuses a cursor that it did not give', async () => {
    const response = await memory.app.request('/api/v1/memories?cursor=%27%20or%201', {
      as: memory.user,
    })
    expect(response.status).toBe(422)
    expect(await response.json()).toMatchObject({
      error: { message: '"cursor" must be a next_cursor of this list' },
    })
  })
})

describe('who may call', () => {
  it('refuses a call without a token, of another function, and without the permission', async () => {
    const body = JSON.stringify({ content: 'x' })
    const send = (as?: Principal) =>
      memory.app.request('/api/v1/memories', { method: 'POST', body, ...(as && { as }) })
    expect((await send()).status).toBe(401)
    expect((await send({ ...memory.user, service: 'reasoning' })).status).toBe(403)
    expect((await send({ ...memory.user, permissions: ['api:read'] })).status).toBe(403)
  })
})
