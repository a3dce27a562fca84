/** What only the embedded vector store promises: folders, crashes, and a plain refusal of what it lacks. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { QdrantClient } from '@qdrant/js-client-rest'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createLog } from '../../../../../scripts/emulator/log.ts'
import { startQdrant } from '../../../../../scripts/emulator/stores/qdrant/qdrant.ts'

const log = createLog({ write: () => {} })
const module = new URL('../../../../../scripts/emulator/stores/qdrant/qdrant.ts', import.meta.url)
  .href
let directory = ''

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'aiwfe-qdrant-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

const connect = (url: string): QdrantClient =>
  new QdrantClient({ url, headers: { 'api-key': 'secret' }, checkCompatibility: false })

it('has every point that was answered after kill -9 in the middle of writes', async () => {
  const server = `
    import { startQdrant } from ${JSON.stringify(module)}
    const store = await startQdrant({ directory: ${JSON.stringify(directory)}, apiKey: 'secret', log: { info() {}, warn() {}, error() {}, output() {} } })
    console.log(store.url)`
  const points = new Map<number, string>()
  let next = 1
  for (let round = 0; round < 3; round++) {
    const store = run(server)
    const [url] = await once(createInterface(store.stdout), 'line')
    const client = connect(url)
    if (round === 0)
      await client.createCollection('kill', { vectors: { size: 4, distance: 'Dot' } })
    const until = next + 15 + Math.floor(Math.random() * 40)
    for (; next < until; next++) {
      const text = `round ${round}`
      const point = { id: next, vector: [next, 0, 0, 1], payload: { text } }
      await client.upsert('kill', { wait: true, points: [point] })
      points.set(next, text)
      if (next % 7 !== 0) continue
      await client.delete('kill', { wait: true, points: [next - 1] })
      points.delete(next - 1)
    }
    // One more is under way when the process dies: it is there whole or not at all.
    const last = { id: 1_000_000 + round, vector: [0, 0, 0, 1], payload: { text: 'last' } }
    client.upsert('kill', { wait: true, points: [last] }).catch(() => {})
    const exited = once(store, 'exit')
    store.kill('SIGKILL')
    await exited
  }
  const store = await startQdrant({ directory, log, apiKey: 'secret' })
  try {
    const { points: found } = await connect(store.url).scroll('kill', {
      limit: 1_000,
      with_vector: true,
    })
    const kept = found.filter(({ id }) => Number(id) < 1_000_000)
    expect(kept).toEqual(
      [...points].map(([id, text]) => ({ id, payload: { text }, vector: [id, 0, 0, 1] })),
    )
    for (const extra of found.slice(kept.length)) expect(extra.vector).toEqual([0, 0, 0, 1])
  } finally {
    await store.close()
  }
})

it('refuses a second start on a folder in use, then opens it on the port it had', async () => {
  const store = await startQdrant({ directory, log, apiKey: 'secret' })
  await expect(startQdrant({ directory, log, apiKey: 'secret' })).rejects.toThrow(
    `"${directory}" must be free, got a folder in use by process ${process.pid}`,
  )
  await store.close()
  const again = await startQdrant({ directory, log, apiKey: 'secret', port: store.port })
  expect(again.port).toBe(store.port)
  await again.close()
  await again.close()
})

it('takes another port when the one it had is taken', async () => {
  const one = await startQdrant({ directory: join(directory, '1'), log, apiKey: 'a' })
  const two = await startQdrant({
    directory: join(directory, '2'),
    log,
    apiKey: 'a',
    port: one.port,
  })
  expect(two.port).not.toBe(one.port)
  await Promise.all([one.close(), two.close()])
})

it('names the file and --fresh when the data is damaged, and deletes nothing', async () => {
  const file = join(directory, 'vectors.sqlite')
  await writeFile(
    file,
    'this is no database, and long enough to look like the head of a file'.repeat(99),
  )
  await expect(startQdrant({ directory, log, apiKey: 'secret' })).rejects.toThrow(
    /"[^"]+vectors.sqlite" must be a vector store that opens, got: .*not a database.+--fresh/,
  )
  expect(existsSync(file)).toBe(true)
  await rm(file)
  const store = await startQdrant({ directory, log, apiKey: 'secret' })
  await store.close()
})

it('refuses what it does not have, with the way out, and keeps serving', async () => {
  const store = await startQdrant({ directory, log, apiKey: 'secret' })
  const client = connect(store.url)
  try {
    const named = { dense: { size: 3, distance: 'Dot' as const } }
    expect(await refusal(client.createCollection('c', { vectors: named }))).toBe(
      'Bad request: a collection with named vectors is not served by the embedded vector store; set QDRANT_URL to a Qdrant server',
    )
    await client.createCollection('c', { vectors: { size: 3, distance: 'Dot' } })
    const refusals = await Promise.all([
      refusal(client.query('c', { query: { formula: 1 }, prefetch: { query: [1, 0, 0] } })),
      refusal(client.recommend('c', { positive: [1] })),
      refusal(client.createSnapshot('c')),
      refusal(
        client.count('c', {
          filter: { must: [{ key: 'at', geo_radius: { center: { lon: 0, lat: 0 }, radius: 1 } }] },
        }),
      ),
    ])
    for (const text of refusals) expect(text).toContain('set QDRANT_URL to a Qdrant server')
    const unsafe = { id: 2 ** 53, vector: [1, 0, 0] }
    expect(await refusal(client.upsert('c', { points: [unsafe] }))).toContain('9007199254740991')
    expect((await client.count('c')).count).toBe(0)
  } finally {
    await store.close()
  }
})

it('is a server that the client knows to be compatible', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
  const store = await startQdrant({ directory, log, apiKey: 'secret' })
  try {
    const client = new QdrantClient({ url: store.url, headers: { 'api-key': 'secret' } })
    await client.getCollections()
    await vi.waitFor(async () => expect((await client.versionInfo()).version).toBe('1.18.0'))
    expect(warn).not.toHaveBeenCalled()
  } finally {
    warn.mockRestore()
    await store.close()
  }
})

async function refusal(call: Promise<unknown>): Promise<string> {
  try {
    await call
  } catch (error) {
    const { status, data } = error as { status: number; data: { status: { error: string } } }
    expect(status).toBe(400)
    return data.status.error
  }
  throw new Error('the call did not fail')
}

function run(script: string): ChildProcessByStdio<null, Readable, null> {
  return spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
}
