/** A large collection is searched through a graph: near enough, filtered rightly, made anew when it must. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { QdrantClient } from '@qdrant/js-client-rest'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createLog } from '../../../../../scripts/emulator/log.ts'
import {
  type EmbeddedQdrant,
  startQdrant,
} from '../../../../../scripts/emulator/stores/qdrant/qdrant.ts'

const SIZE = 32
const COUNT = 4_000
let directory = ''
let lines: string[] = []
let store: EmbeddedQdrant
let client: QdrantClient
const random = createRandom(7)
const randomVector = (): number[] => Array.from({ length: SIZE }, () => random() - 0.5)
const points = Array.from({ length: COUNT }, (_, id) => ({
  id,
  vector: randomVector(),
  payload: { rare: id % 100 === 0, half: id % 2 === 0, most: id % 10 !== 0 },
}))

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'aiwfe-hnsw-'))
  lines = []
  await open()
})
afterEach(async () => {
  await store.close()
  await rm(directory, { recursive: true, force: true })
})

it('finds what a scan finds, filtered or not, and what was written since', async () => {
  await fill()
  await indexed(COUNT)
  const filters = [
    undefined,
    { must: [{ key: 'rare', match: { value: true } }] },
    { must: [{ key: 'most', match: { value: true } }] },
  ]
  for (const filter of filters) {
    let hits = 0
    for (let round = 0; round < 20; round++) {
      const request = { query: randomVector(), limit: 10, ...(filter ? { filter } : {}) }
      const [near, exact] = await Promise.all([
        client.query('c', { ...request, with_payload: true }),
        client.query('c', { ...request, params: { exact: true } }),
      ])
      expect(near.points).toHaveLength(10)
      const wanted = new Set(exact.points.map(({ id }) => id))
      hits += near.points.filter(({ id }) => wanted.has(id)).length
      for (const { payload } of near.points) {
        if (filter) expect(payload?.[filter.must[0]?.key ?? '']).toBe(true)
      }
    }
    expect(hits / 200).toBeGreaterThanOrEqual(0.95)
  }
  const vector = randomVector()
  await client.upsert('c', {
    wait: true,
    points: [
      { id: 7, vector },
      { id: COUNT, vector },
    ],
  })
  await client.delete('c', { wait: true, points: [COUNT] })
  const { points: top } = await client.query('c', { query: vector, limit: 2 })
  expect(top[0]).toMatchObject({ id: 7, score: expect.closeTo(1, 5) })
  expect(top[1]?.score).toBeLessThan(0.99)
}, 60_000)

it('does not load a damaged graph: it builds another and loses no point', async () => {
  await fill()
  await indexed(COUNT)
  await store.close()
  const [name = ''] = (await readdir(directory)).filter(isGraph)
  const bytes = await readFile(join(directory, name))
  bytes.fill(0xff, 100, 200)
  await writeFile(join(directory, name), bytes)
  await open()
  expect((await client.count('c')).count).toBe(COUNT)
  await indexed(COUNT)
  expect(
    (await client.query('c', { query: points[3]?.vector ?? [], limit: 1 })).points[0]?.id,
  ).toBe(3)
  expect(lines).toEqual([])
}, 60_000)

it('builds the graph anew when most of it is gone', async () => {
  await fill()
  await indexed(COUNT)
  const before = await graphBytes()
  const filter = { must: [{ key: 'half', match: { value: true } }] }
  await client.delete('c', { wait: true, filter })
  await vi.waitFor(async () => expect(await graphBytes()).toBeLessThan(before * 0.7), {
    timeout: 40_000,
    interval: 50,
  })
  await indexed(COUNT / 2)
  const { points: top } = await client.query('c', { query: points[5]?.vector ?? [], limit: 3 })
  expect(top).toHaveLength(3)
  expect(top[0]?.id).toBe(5)
  expect(top.every(({ id }) => Number(id) % 2 === 1)).toBe(true)
}, 60_000)

async function open(): Promise<void> {
  const log = createLog({ write: line => lines.push(line) })
  store = await startQdrant({ directory, log, apiKey: 'secret', indexThreshold: 1_000 })
  client = new QdrantClient({
    url: store.url,
    headers: { 'api-key': 'secret' },
    checkCompatibility: false,
  })
}

async function fill(): Promise<void> {
  await client.createCollection('c', { vectors: { size: SIZE, distance: 'Cosine' } })
  for (let at = 0; at < COUNT; at += 1_000) {
    await client.upsert('c', { wait: true, points: points.slice(at, at + 1_000) })
  }
}

/** Waits until the graph serves `count` vectors. */
async function indexed(count: number): Promise<void> {
  const read = async (): Promise<void> =>
    expect((await client.getCollection('c')).indexed_vectors_count).toBe(count)
  await vi.waitFor(read, { timeout: 40_000, interval: 50 })
}

/** The size of the graph on disk, once it is there. */
async function graphBytes(): Promise<number> {
  const find = async (): Promise<string> => {
    const name = (await readdir(directory)).find(isGraph)
    if (name === undefined) throw new Error('no graph yet')
    return name
  }
  const name = await vi.waitFor(find, { timeout: 40_000, interval: 50 })
  return Number(name.split('-')[2])
}

const isGraph = (name: string): boolean => name.endsWith('.usearch')

/** The same numbers in every run (mulberry32). */
function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
