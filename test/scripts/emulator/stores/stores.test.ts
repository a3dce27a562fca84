/** All stores together: what they hand out, what takes their place, and how they fail. */
import { appendFile, mkdtemp, rm, truncate } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { QdrantClient } from '@qdrant/js-client-rest'
import { Redis } from '@upstash/redis'
import { Ollama } from 'ollama'
import postgres from 'postgres'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createLog } from '../../../../scripts/emulator/log.ts'
import { listen } from '../../../../scripts/emulator/stores/listen.ts'
import { startOllama } from '../../../../scripts/emulator/stores/ollama/ollama.ts'
import {
  type StoreOverrides,
  type Stores,
  startStores,
} from '../../../../scripts/emulator/stores/stores.ts'

const secrets = { redisToken: 'token', databasePassword: 'p@ss', qdrantKey: 'key' }
const elsewhere: StoreOverrides = {
  DATABASE_URL: 'postgres://me:hidden@db.example:5432/app',
  UPSTASH_REDIS_REST_URL: 'https://kv.example',
  UPSTASH_REDIS_REST_TOKEN: 'theirs',
  QDRANT_URL: 'http://vectors.example:6333',
}
let directory = ''
const lines: string[] = []
const log = createLog({ write: line => lines.push(line) })
const start = (
  overrides: StoreOverrides = {},
  ports: Record<string, number> = {},
): Promise<Stores> => startStores({ directory, log, secrets, overrides, ports })

beforeEach(async () => {
  lines.length = 0
  directory = await mkdtemp(join(tmpdir(), 'aiwfe-stores-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

it('starts all four for the unmodified clients, and finds everything again on the same ports', async () => {
  const first = await start()
  const use = async (
    stores: Stores,
  ): Promise<{ n: number; kv: unknown; points: number; models: number }> => {
    const { env } = stores
    const sql = postgres(env.DATABASE_URL, { max: 1, onnotice: () => {} })
    await sql`CREATE TABLE IF NOT EXISTS t (n int)`
    await sql`INSERT INTO t VALUES (1)`
    const [row] = await sql`SELECT count(*)::int AS n FROM t`
    await sql.end()
    const redis = new Redis({
      url: env.UPSTASH_REDIS_REST_URL,
      token: env.UPSTASH_REDIS_REST_TOKEN,
      enableTelemetry: false,
    })
    const qdrant = new QdrantClient({
      url: env.QDRANT_URL,
      apiKey: env.QDRANT_API_KEY,
      checkCompatibility: false,
    })
    if (!(await qdrant.collectionExists('c')).exists)
      await qdrant.createCollection('c', { vectors: { size: 2, distance: 'Cosine' } })
    await qdrant.upsert('c', { wait: true, points: [{ id: 1, vector: [1, 0] }] })
    const ollama = new Ollama({ host: env.OLLAMA_HOST })
    return {
      n: row?.n,
      kv: await redis.incr('n'),
      points: (await qdrant.count('c')).count,
      models: (await ollama.list()).models.length,
    }
  }
  expect(await use(first)).toEqual({ n: 1, kv: 1, points: 1, models: 2 })
  expect(Object.values(first.kinds).map(({ kind }) => kind)).toEqual(Array(4).fill('embedded'))
  await first.close()
  const second = await start({}, first.ports)
  expect(second.ports).toEqual(first.ports)
  expect(await use(second)).toEqual({ n: 2, kv: 2, points: 1, models: 2 })
  await second.close()
})

it('hands out the real stores that it was given, and says where they are without their secrets', async () => {
  const ollama = await startOllama({ directory: join(directory, 'other') })
  const stores = await start({ ...elsewhere, OLLAMA_HOST: ollama.url })
  expect(stores.env).toEqual({ ...elsewhere, QDRANT_API_KEY: '', OLLAMA_HOST: ollama.url })
  expect(Object.values(stores.kinds).map(({ kind }) => kind)).toEqual(Array(4).fill('external'))
  expect(JSON.stringify(stores.kinds)).not.toMatch(/hidden|theirs/)
  expect(stores.ports).toEqual({})
  await stores.close()
  await ollama.close()
})

it('takes the emulator when OLLAMA_HOST does not answer, and says so', async () => {
  const stores = await start({ ...elsewhere, OLLAMA_HOST: '127.0.0.1:1' })
  expect(stores.kinds.models).toMatchObject({
    kind: 'embedded',
    detail: expect.stringContaining('emulator'),
  })
  expect(lines.join('\n')).toContain('OLLAMA_HOST http://127.0.0.1:1 does not answer')
  await stores.close()
})

it('takes another port when the one it had is in use', async () => {
  const squatter = createServer()
  const taken = await listen(squatter)
  const stores = await start(elsewhere, { models: taken })
  expect(stores.ports.models).toBeGreaterThan(0)
  expect(stores.ports.models).not.toBe(taken)
  await stores.close()
  squatter.close()
})

it('closes the stores that started when another does not', async () => {
  const overrides = { ...elsewhere, UPSTASH_REDIS_REST_URL: undefined }
  const first = await start(overrides)
  await first.close()
  await appendFile(join(directory, 'redis', 'appendonly.jsonl'), 'damaged\n')
  await expect(start(overrides, first.ports)).rejects.toThrow('line 1 must be a record of writes')
  await truncate(join(directory, 'redis', 'appendonly.jsonl'))
  const again = await start(overrides, first.ports)
  expect(again.ports).toEqual(first.ports)
  await again.close()
})

it('names the variable that is wrong', async () => {
  await expect(start({ ...elsewhere, UPSTASH_REDIS_REST_TOKEN: undefined })).rejects.toThrow(
    '"UPSTASH_REDIS_REST_TOKEN" must be set with UPSTASH_REDIS_REST_URL',
  )
  await expect(
    start({ ...elsewhere, UPSTASH_REDIS_REST_URL: undefined, REDIS_URL: 'redis://127.0.0.1:1' }),
  ).rejects.toThrow('"REDIS_URL" must name a Redis that answers, got ECONNREFUSED')
  await expect(start({ ...elsewhere, DATABASE_URL: 'not a url' })).rejects.toThrow(
    '"DATABASE_URL" must be a URL',
  )
})
