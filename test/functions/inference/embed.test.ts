import { expect, it } from 'vitest'
import type { EmbedResult } from '../../../shared/contracts/inference.ts'
import { until } from '../../fixtures/until.ts'
import { type Script, startHarness } from './harness.ts'

const EMBED = '/api/v1/inference/embed'

const vectors =
  (make: (text: string) => number[]): Script =>
  ({ body, response }) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ model: 'm', embeddings: (body.input as string[]).map(make) }))
  }

it('gives one unit vector for each text, in order, each text asked once', async () => {
  const harness = await startHarness()
  harness.script(vectors(text => [text.length, 0]))
  const response = await harness.post(EMBED, { input: ['a', 'bb', 'a'] })
  expect(await response.json()).toEqual({
    model: 'nomic-embed-text:latest',
    dimensions: 2,
    embeddings: [
      [1, 0],
      [1, 0],
      [1, 0],
    ],
  })
  expect(harness.calls[0]?.body.input).toEqual(['a', 'bb'])
})

it('asks only for the texts that are not in the cache', async () => {
  const harness = await startHarness()
  harness.script(vectors(() => [0.6, 0.8]))
  await harness.post(EMBED, { input: ['a', 'b'] })
  await until(() => harness.kv.size === 2)
  const response = await harness.post(EMBED, { input: ['b', 'c'] })
  expect(response.headers.get('x-cache')).toBe('miss')
  expect(harness.calls[1]?.body.input).toEqual(['c'])
  await until(() => harness.kv.size === 3)
  const all = await harness.post(EMBED, { input: ['c', 'a'] })
  expect(all.headers.get('x-cache')).toBe('hit')
  expect(((await all.json()) as EmbedResult).embeddings).toEqual([
    [0.6, 0.8],
    [0.6, 0.8],
  ])
})

it('refuses vectors of unlike lengths, and too few of them', async () => {
  const harness = await startHarness()
  harness.script(vectors(text => (text === 'a' ? [1] : [1, 0])))
  expect((await harness.post(EMBED, { input: ['a', 'b'] })).status).toBe(502)
  harness.script(({ response }) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end('{"embeddings":[[1]]}')
  })
  expect((await harness.post(EMBED, { input: ['x', 'y'] })).status).toBe(502)
})

it('prefers the oldest embedding model, so that pulling another does not mix vectors', async () => {
  const tag = (name: string, modified_at: string): object => ({ name, digest: name, modified_at })
  const harness = await startHarness({
    tags: [
      tag('mxbai-embed-large:latest', '2026-05-01T00:00:00Z'),
      tag('nomic-embed-text:v1', '2025-01-01T00:00:00Z'),
    ],
  })
  harness.script(vectors(() => [1]))
  const response = await harness.post(EMBED, { input: ['a'] })
  expect(((await response.json()) as EmbedResult).model).toBe('nomic-embed-text:v1')
})

it('lists models and says which of them is the emulator', async () => {
  const harness = await startHarness({
    tags: [
      { name: 'emulator/extractive:latest', digest: 'e', size: 1, details: { family: 'emulator' } },
    ],
  })
  const response = await harness.app.fetch(
    new Request('http://inference/api/v1/inference/models', {
      headers: { authorization: 'Bearer ann' },
    }),
  )
  expect(await response.json()).toEqual({
    models: [
      {
        name: 'emulator/extractive:latest',
        size: 1,
        family: 'emulator',
        emulated: true,
        loaded: false,
      },
    ],
  })
})
