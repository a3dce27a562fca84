/** What is found, by meaning and by words. */
import { describe, expect, it } from 'vitest'
import { person } from '../../fixtures/person.ts'
import { textsOf, useMemory } from './harness.ts'

const memory = useMemory()

describe('recall', () => {
  it('never finds the memories of another user', async () => {
    await memory.remember('The vault code is kingfisher')
    await memory.tell('My favourite bird is the kingfisher')
    const other = person()
    expect(
      (await memory.recall('kingfisher', { include_superseded: true }, other)).results,
    ).toEqual([])
    expect((await memory.list('', other)).memories).toEqual([])
  })

  it('finds by words alone while the embedding model is down, and by meaning once it is back', async () => {
    memory.inference.down.add('embed')
    await memory.tell('My badge number is QX-7741')
    const [hit] = (await memory.recall('QX-7741 badge')).results
    expect(hit).toMatchObject({ text: 'My badge number is QX-7741', score_parts: { vector: 0 } })
    memory.inference.down.clear()
    await memory.tell('I like tea')
    const [again] = (await memory.recall('badge number')).results
    expect(again?.score_parts.vector).toBeGreaterThan(0.3)
  })

  it('finds a keyword that no vector is near to', async () => {
    for (let i = 0; i < 12; i++) await memory.tell(`I visited museum number ${i} of the old town`)
    await memory.tell('We have error ZK4711 in the logs')
    memory.inference.sameAs.set('ZK4711', 'museum number of the old town')
    expect(textsOf(await memory.recall('ZK4711', { limit: 20 }))).toContain(
      'We have error ZK4711 in the logs',
    )
  })

  it('goes on by words when the collection holds vectors of another size', async () => {
    await memory.tell('I like tea')
    memory.inference.dimensions = 384
    await memory.tell('I like coffee')
    expect(textsOf(await memory.recall('coffee'))).toEqual(['I like coffee'])
    expect(JSON.stringify(memory.app.lines)).toContain('must hold vectors of size 384')
  })

  it.each([
    ['You can call me Ann', 'what is my name?'],
    ['I just moved to Rome', 'where do I live?'],
    ['My favorite color is green', 'favourite colours'],
  ])('finds "%s" by "%s", which shares no word with it', async (text, query) => {
    memory.inference.down.add('embed')
    await memory.tell(text)
    await memory.tell('I like tea')
    expect(textsOf(await memory.recall(query))[0]).toBe(text)
  })

  it('orders the best match first and leaves out what is below the threshold', async () => {
    await memory.tell('My favourite colour is green. My favourite food is ramen. I live in Lyon.')
    const { results } = await memory.recall('what is my favourite food?', { threshold: 0.3 })
    expect(results[0]?.text).toBe('My favourite food is ramen')
    expect(results.map(({ text }) => text)).not.toContain('I live in Lyon')
    expect(results.every(({ score }) => score >= 0.3)).toBe(true)
  })

  it.each(["'; drop table memory.memories; --", 'a | b & !c <-> d:*', '\\', '???', '日本'])(
    'takes the query %s as words',
    async query => {
      await memory.tell('I like tea')
      expect(Array.isArray((await memory.recall(query)).results)).toBe(true)
    },
  )
})
