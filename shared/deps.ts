/** What a handler is given: configuration, clients made on first use, and the ways to reach other functions. */
import type { Call } from './call.ts'
import type { Kv } from './clients/kv.ts'
import type { Models } from './clients/models.ts'
import type { Sql } from './clients/sql.ts'
import type { Vectors } from './clients/vectors.ts'
import { choice, integer, jwk, jwks, type Settings, secret, text, url } from './config.ts'
import type { Identity } from './identity.ts'
import type { Logger, LogLevel } from './log.ts'
import type { Metrics } from './metrics.ts'
import type { Publish } from './publish.ts'

/** Configuration that every function has. */
export interface CommonConfig {
  PORT: number
  LISTEN_ADDRESS: string
  K_REVISION: string
  LOG_LEVEL: LogLevel
  LOG_FORMAT: 'json' | 'line'
  /** Where events are published, e.g. `http://broker-ingress.knative-eventing.svc.cluster.local/aiwfe-system/default`. */
  BROKER_URL: string
  /** Completes a function's name to its host. */
  SERVICES_DOMAIN: string
  SERVICE_KEY: string
  SERVICE_JWKS: string
}

/** Settings of {@link CommonConfig}, read by every function beside its own. */
export const commonSettings: Settings<CommonConfig> = {
  PORT: integer('the port to listen on', 8080, { min: 0, max: 65_535 }),
  LISTEN_ADDRESS: text('the address to listen on; all of them unless said', ''),
  K_REVISION: text('the revision, set by Knative', ''),
  LOG_LEVEL: choice('the least level that is written', ['debug', 'info', 'warn', 'error'], 'info'),
  LOG_FORMAT: choice('json for machines, line for a terminal', ['json', 'line'], 'json'),
  BROKER_URL: url(
    'the broker that events are published to',
    'http://broker-ingress.knative-eventing.svc.cluster.local/aiwfe-system/default',
  ),
  SERVICES_DOMAIN: text('the domain of the functions', 'aiwfe-system.svc.cluster.local'),
  SERVICE_KEY: jwk('the private Ed25519 JWK of this function (Secret aiwfe-identity)'),
  SERVICE_JWKS: jwks('the public keys of all functions (Secret aiwfe-identity, key jwks)'),
}

/** Settings of the SQL store, for functions that use `deps.sql`. */
export interface SqlConfig {
  DATABASE_URL: string
  DATABASE_POOL: number
}

/** See {@link SqlConfig}. */
export const sqlSettings: Settings<SqlConfig> = {
  DATABASE_URL: secret('the PostgreSQL URL, postgres://user:password@host:port/database'),
  DATABASE_POOL: integer('connections of one instance', 2, { min: 1, max: 10 }),
}

/** Settings of the key-value store, for functions that use `deps.kv`. */
export interface KvConfig {
  UPSTASH_REDIS_REST_URL: string
  UPSTASH_REDIS_REST_TOKEN: string
}

/** See {@link KvConfig}. */
export const kvSettings: Settings<KvConfig> = {
  UPSTASH_REDIS_REST_URL: url('the Upstash-compatible REST endpoint of Redis'),
  UPSTASH_REDIS_REST_TOKEN: secret('the token of that endpoint'),
}

/** Settings of the vector store, for functions that use `deps.vectors`. */
export interface VectorsConfig {
  QDRANT_URL: string
  QDRANT_API_KEY: string
}

/** See {@link VectorsConfig}. */
export const vectorsSettings: Settings<VectorsConfig> = {
  QDRANT_URL: url('the REST endpoint of Qdrant'),
  QDRANT_API_KEY: secret('the API key of Qdrant'),
}

/** Settings of the model server, for functions that use `deps.models`. */
export interface ModelsConfig {
  OLLAMA_HOST: string
}

/** See {@link ModelsConfig}. */
export const modelsSettings: Settings<ModelsConfig> = {
  OLLAMA_HOST: url('the address of Ollama'),
}

/** What handlers work with. Tests pass their own members. */
export interface Deps<C = CommonConfig> {
  readonly service: string
  readonly config: Readonly<C & CommonConfig>
  readonly sql: Sql
  readonly kv: Kv
  readonly vectors: Vectors
  readonly models: Models
  readonly call: Call
  readonly publish: Publish
  readonly identity: Identity
  readonly log: Logger
  readonly metrics: Metrics
  readonly clock: { now(): number }
  /** A new random id. */
  readonly id: () => string
  /** Says that events wait in the outbox: a process publishes them in the background. */
  readonly retryOutbox: () => void
  /** Loads and makes the clients that the configuration names; none of them connects before its first use. */
  load(): Promise<void>
  /** Closes what was opened, in reverse order; harmless when called again. */
  close(): Promise<void>
}

/** What {@link createDeps} does not make itself. */
export interface DepsParts<C> {
  service: string
  config: Readonly<C & CommonConfig>
  log: Logger
  metrics: Metrics
  call: Call
  publish: Publish
  identity: Identity
  clock?: { now(): number }
  id?: () => string
  /** See {@link Deps.retryOutbox}; nothing unless said. */
  retryOutbox?: () => void
  /** Members that a test puts in the place of the real clients. */
  clients?: Partial<Pick<Deps, ClientName>>
}

type ClientName = 'sql' | 'kv' | 'vectors' | 'models'

/** Builds the dependencies of one process. A client is made by `load`, its connection on first use. */
export function createDeps<C extends object>(parts: DepsParts<C>): Deps<C> {
  const config = parts.config as Readonly<
    Partial<SqlConfig & KvConfig & VectorsConfig & ModelsConfig>
  >
  const { service, clients = {} } = parts
  const made = new Map<ClientName, unknown>(Object.entries(clients) as [ClientName, unknown][])
  const closers: (() => Promise<unknown>)[] = []
  let loading: Promise<void> | undefined

  function client<N extends ClientName>(name: N): Deps[N] {
    const found = made.get(name)
    if (found === undefined)
      throw new TypeError(`"${name}" is not available: add its settings to ${service}'s config`)
    return found as Deps[N]
  }

  async function loadClients(): Promise<void> {
    await Promise.all([
      config.DATABASE_URL !== undefined && loadSql(config.DATABASE_URL, config.DATABASE_POOL ?? 2),
      config.UPSTASH_REDIS_REST_URL !== undefined &&
        loadKv(config.UPSTASH_REDIS_REST_URL, config.UPSTASH_REDIS_REST_TOKEN ?? ''),
      config.QDRANT_URL !== undefined &&
        loadVectors(config.QDRANT_URL, config.QDRANT_API_KEY ?? ''),
      config.OLLAMA_HOST !== undefined && loadModels(config.OLLAMA_HOST),
    ])
  }

  async function loadSql(address: string, max: number): Promise<void> {
    const { createSql } = await import('./clients/sql.ts')
    const sql = createSql(address, { service, max })
    closers.push(() => sql.end({ timeout: 5 }))
    put('sql', sql)
  }

  async function loadKv(address: string, token: string): Promise<void> {
    const { createKv } = await import('./clients/kv.ts')
    put('kv', createKv(address, token))
  }

  async function loadVectors(address: string, key: string): Promise<void> {
    const { createVectors } = await import('./clients/vectors.ts')
    put('vectors', createVectors(address, key))
  }

  async function loadModels(address: string): Promise<void> {
    const { createModels } = await import('./clients/models.ts')
    put('models', createModels(address))
  }

  function put<N extends ClientName>(name: N, own: Deps[N]): void {
    if (!made.has(name)) made.set(name, own)
  }

  return {
    service,
    config: parts.config,
    get sql() {
      return client('sql')
    },
    get kv() {
      return client('kv')
    },
    get vectors() {
      return client('vectors')
    },
    get models() {
      return client('models')
    },
    call: parts.call,
    publish: parts.publish,
    identity: parts.identity,
    log: parts.log,
    metrics: parts.metrics,
    clock: parts.clock ?? { now: Date.now },
    id: parts.id ?? newId,
    retryOutbox: parts.retryOutbox ?? (() => {}),
    load() {
      loading ??= loadClients()
      return loading
    },
    async close() {
      for (const close of closers.splice(0).reverse()) await close()
    },
  }
}

/** Loads node:crypto only when the first id is asked for. */
const newId = (): string => process.getBuiltinModule('node:crypto').randomUUID()
