import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openHnsw, removeHnsw } from '../../../../../scripts/emulator/stores/qdrant/hnsw.ts'

let directory = ''
const open = (key = 1): ReturnType<typeof openHnsw> =>
  openHnsw({ directory, key, dimension: 2, metric: 'ip', m: 16, efConstruct: 100 })

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'aiwfe-graph-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

it('comes back from its file with what it held', async () => {
  const graph = await open()
  graph.add(5, Float32Array.of(1, 0))
  graph.add(9, Float32Array.of(0, 1))
  graph.save()
  graph.add(11, Float32Array.of(0, 1))
  graph.save()
  expect(await readdir(directory)).toHaveLength(1)
  const again = await open()
  expect(again.contains([5, 6, 9, 11])).toEqual([true, false, true, true])
  expect(again.search(Float32Array.of(1, 0.1), 1)).toEqual([5])
  again.add(12, Float32Array.of(-1, 0))
  expect(again.size()).toBe(4)
  expect((await open(2)).size()).toBe(0)
  removeHnsw(directory, 1)
  expect(await readdir(directory)).toEqual([])
})

it('does not touch a damaged or a cut file', async () => {
  const graph = await open()
  for (let slot = 1; slot < 100; slot++) graph.add(slot, Float32Array.of(slot, 1))
  graph.save()
  const [name = ''] = await readdir(directory)
  const bytes = await readFile(join(directory, name))
  await writeFile(join(directory, name), bytes.subarray(0, bytes.length / 2))
  expect((await open()).size()).toBe(0)
  await writeFile(join(directory, name), Buffer.from(bytes).fill(0xee, 64, 128))
  expect((await open()).size()).toBe(0)
  await writeFile(join(directory, name), bytes)
  expect((await open()).size()).toBe(99)
})
