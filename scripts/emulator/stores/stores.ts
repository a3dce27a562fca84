/** All four stores of the platform, each embedded unless its address was given. */
import { join } from 'node:path'
import type { Log } from '../log.ts'
import { answers, startOllama, toUrl } from './ollama/ollama.ts'
import { startPostgres } from './postgres/postgres.ts'
import { startQdrant } from './qdrant/qdrant.ts'
import { startRedis } from './redis/redis.ts'

/** The variables that a client of the stores needs. */
export interface StoresEnv {
  DATABASE_URL: string
  UPSTASH_REDIS_REST_URL: string
  UPSTASH_REDIS_REST_TOKEN: string
  QDRANT_URL: string
  QDRANT_API_KEY: string
  OLLAMA_HOST: string
}

/** Addresses of real stores; each one takes the place of the embedded one. */
export interface StoreOverrides {
  DATABASE_URL?: string | undefined
  /** A Redis behind our REST endpoint. */
  REDIS_URL?: string | undefined
  UPSTASH_REDIS_REST_URL?: string | undefined
  UPSTASH_REDIS_REST_TOKEN?: string | undefined
  QDRANT_URL?: string | undefined
  QDRANT_API_KEY?: string | undefined
  OLLAMA_HOST?: string | undefined
  /** Milliseconds before the emulated model's first token, and between tokens. */
  AIWFE_OLLAMA_TTFT_MS?: string | undefined
  AIWFE_OLLAMA_TOKEN_MS?: string | undefined
}

/** The need that a store serves. */
export type StoreNeed = 'sql' | 'kv' | 'vectors' | 'models'

/** What serves a need. */
export interface StoreKind {
  kind: 'embedded' | 'external'
  detail: string
}

/** The running stores. */
export interface Stores {
  env: StoresEnv
  kinds: Record<StoreNeed, StoreKind>
  /** The ports of the embedded stores, to be given back at the next start. */
  ports: Record<string, number>
  close(): Promise<void>
}

interface Started {
  env: Partial<StoresEnv>
  kind: StoreKind
  port?: number
  close(): Promise<void>
}

/**
 * Starts all stores at once. When one does not start, those that did are closed.
 * @throws the first store's error
 */
export async function startStores({
  directory,
  log,
  secrets,
  overrides,
  ports = {},
}: {
  directory: string
  log: Log
  secrets: { redisToken: string; databasePassword: string; qdrantKey: string }
  overrides: StoreOverrides
  ports?: Record<string, number>
}): Promise<Stores> {
  const starting: Record<StoreNeed, Promise<Started>> = {
    sql: startSql(join(directory, 'postgres'), secrets.databasePassword, overrides, log, ports.sql),
    kv: startKv(join(directory, 'redis'), secrets.redisToken, overrides, ports.kv),
    vectors: startVectors(
      join(directory, 'qdrant'),
      secrets.qdrantKey,
      overrides,
      log,
      ports.vectors,
    ),
    models: startModels(join(directory, 'ollama'), overrides, log, ports.models),
  }
  const outcomes = await Promise.allSettled(Object.values(starting))
  const failed = outcomes.find(outcome => outcome.status === 'rejected')
  if (failed) {
    await Promise.all(
      outcomes.map(outcome => outcome.status === 'fulfilled' && outcome.value.close()),
    )
    throw failed.reason
  }
  const [sql, kv, vectors, models] = await Promise.all([
    starting.sql,
    starting.kv,
    starting.vectors,
    starting.models,
  ])
  const all = { sql, kv, vectors, models }
  return {
    env: { ...EMPTY_ENV, ...sql.env, ...kv.env, ...vectors.env, ...models.env },
    kinds: { sql: sql.kind, kv: kv.kind, vectors: vectors.kind, models: models.kind },
    ports: Object.fromEntries(
      Object.entries(all).flatMap(([need, { port }]) => (port === undefined ? [] : [[need, port]])),
    ),
    async close() {
      await Promise.all(Object.values(all).map(store => store.close()))
    },
  }
}

const EMPTY_ENV: StoresEnv = {
  DATABASE_URL: '',
  UPSTASH_REDIS_REST_URL: '',
  UPSTASH_REDIS_REST_TOKEN: '',
  QDRANT_URL: '',
  QDRANT_API_KEY: '',
  OLLAMA_HOST: '',
}

const external = (env: Partial<StoresEnv>, detail: string): Started => ({
  env,
  kind: { kind: 'external', detail },
  close: async () => {},
})

async function startSql(
  directory: string,
  password: string,
  overrides: StoreOverrides,
  log: Log,
  port?: number,
): Promise<Started> {
  if (overrides.DATABASE_URL) {
    return external(
      { DATABASE_URL: overrides.DATABASE_URL },
      `PostgreSQL at ${host(overrides.DATABASE_URL, 'DATABASE_URL')}`,
    )
  }
  const store = await startPostgres({
    directory,
    password,
    log,
    ...(port === undefined ? {} : { port }),
  })
  return {
    env: { DATABASE_URL: store.url },
    kind: {
      kind: 'embedded',
      detail: `PostgreSQL 18 (PGlite) on 127.0.0.1:${store.port}, kept in ${directory}`,
    },
    port: store.port,
    close: store.close,
  }
}

async function startKv(
  directory: string,
  token: string,
  overrides: StoreOverrides,
  port?: number,
): Promise<Started> {
  const {
    UPSTASH_REDIS_REST_URL: url,
    UPSTASH_REDIS_REST_TOKEN: given,
    REDIS_URL: redisUrl,
  } = overrides
  if (url) {
    if (!given)
      throw new TypeError(
        '"UPSTASH_REDIS_REST_TOKEN" must be set with UPSTASH_REDIS_REST_URL, got none',
      )
    return external(
      { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: given },
      `Upstash REST at ${host(url, 'UPSTASH_REDIS_REST_URL')}`,
    )
  }
  const store = await startRedis({ directory, token, redisUrl, port })
  const behind = redisUrl
    ? `Redis at ${host(redisUrl, 'REDIS_URL')}`
    : `an in-process Redis, kept in ${directory}`
  return {
    env: { UPSTASH_REDIS_REST_URL: store.url, UPSTASH_REDIS_REST_TOKEN: token },
    kind: {
      kind: redisUrl ? 'external' : 'embedded',
      detail: `Upstash REST on 127.0.0.1:${store.port} over ${behind}`,
    },
    port: store.port,
    close: store.close,
  }
}

async function startVectors(
  directory: string,
  apiKey: string,
  overrides: StoreOverrides,
  log: Log,
  port?: number,
): Promise<Started> {
  if (overrides.QDRANT_URL) {
    const env = { QDRANT_URL: overrides.QDRANT_URL, QDRANT_API_KEY: overrides.QDRANT_API_KEY ?? '' }
    return external(env, `Qdrant at ${host(overrides.QDRANT_URL, 'QDRANT_URL')}`)
  }
  const store = await startQdrant({ directory, log, apiKey, port })
  return {
    env: { QDRANT_URL: store.url, QDRANT_API_KEY: apiKey },
    kind: {
      kind: 'embedded',
      detail: `Qdrant REST on 127.0.0.1:${store.port}, kept in ${directory}`,
    },
    port: store.port,
    close: store.close,
  }
}

async function startModels(
  directory: string,
  overrides: StoreOverrides,
  log: Log,
  port?: number,
): Promise<Started> {
  const wanted = overrides.OLLAMA_HOST
  if (wanted && (await answers(wanted)))
    return external({ OLLAMA_HOST: toUrl(wanted) }, `Ollama at ${toUrl(wanted)}`)
  if (wanted)
    log.warn('models', `OLLAMA_HOST ${toUrl(wanted)} does not answer; the emulator takes its place`)
  const store = await startOllama({
    directory,
    port,
    firstTokenMs: readMs(overrides, 'AIWFE_OLLAMA_TTFT_MS'),
    tokenMs: readMs(overrides, 'AIWFE_OLLAMA_TOKEN_MS'),
  })
  return {
    env: { OLLAMA_HOST: store.url },
    kind: {
      kind: 'embedded',
      detail: `Ollama emulator on 127.0.0.1:${store.port}: answers only from the text it is given`,
    },
    port: store.port,
    close: store.close,
  }
}

function readMs(
  overrides: StoreOverrides,
  name: 'AIWFE_OLLAMA_TTFT_MS' | 'AIWFE_OLLAMA_TOKEN_MS',
): number {
  const value = Number(overrides[name] || 0)
  if (!Number.isFinite(value) || value < 0)
    throw new TypeError(`"${name}" must be a number of milliseconds, got ${overrides[name]}`)
  return value
}

/** The part of an address that holds no secret. */
function host(address: string, name: string): string {
  try {
    return new URL(address).host
  } catch {
    throw new TypeError(`"${name}" must be a URL, got something else`)
  }
}
