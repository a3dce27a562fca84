/** Starts the stores of the platform, embedded or real, and hands their addresses to the Secrets. */
import { join } from 'node:path'
import type { Log } from '../emulator/log.ts'
import type { ServiceResource } from '../emulator/manifests/types.ts'
import { type StoreOverrides, type Stores, startStores } from '../emulator/stores/stores.ts'
import { createDatabaseRoles, type DatabaseRoles, mayMakeRoles } from './database-roles.ts'
import type { Secrets } from './secrets.ts'
import type { State } from './state.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** A variable that names a store, and what belongs to it. */
const ADDRESSES: Readonly<Record<string, readonly string[]>> = {
  DATABASE_URL: [],
  UPSTASH_REDIS_REST_URL: ['UPSTASH_REDIS_REST_TOKEN'],
  QDRANT_URL: ['QDRANT_API_KEY'],
  OLLAMA_HOST: [],
}

/** The stores, and who logs in to the database. */
export interface OpenStores {
  readonly stores: Stores
  readonly databaseRoles: DatabaseRoles
}

/** Starts what `environment` does not name; from then on functions find all stores by their Secrets. */
export async function openStores(
  environment: Environment,
  state: State,
  secrets: Secrets,
  services: readonly ServiceResource[],
  log: Log,
): Promise<OpenStores> {
  const overrides = toOverrides(environment, state.ports)
  const stores = await startStores({
    directory: join(state.directory, 'stores'),
    log,
    ports: state.ports,
    secrets: {
      redisToken: secrets.resolve('aiwfe-local', 'redis-token') ?? '',
      databasePassword: secrets.resolve('aiwfe-local', 'database-password') ?? '',
      qdrantKey: secrets.resolve('aiwfe-local', 'qdrant-key') ?? '',
    },
    overrides,
  })
  const { env } = stores
  const isShared = overrides.DATABASE_URL !== undefined && !(await mayMakeRoles(env.DATABASE_URL))
  if (isShared) log.warn('database', SHARED)
  const databaseRoles = createDatabaseRoles({ secrets, ownerUrl: env.DATABASE_URL, isShared })
  try {
    databaseRoles.provide(services)
  } catch (error) {
    await stores.close()
    throw error
  }
  secrets.provide('aiwfe-redis', {
    url: env.UPSTASH_REDIS_REST_URL,
    token: env.UPSTASH_REDIS_REST_TOKEN,
  })
  secrets.provide('aiwfe-qdrant', { url: env.QDRANT_URL, 'api-key': env.QDRANT_API_KEY })
  secrets.provide('aiwfe-ollama', { host: env.OLLAMA_HOST })
  secrets.save()
  return { stores, databaseRoles }
}

const SHARED =
  'the user of DATABASE_URL may not make roles, so every function logs in as that user and reaches all schemas: ' +
  'with `alter role … createrole` each gets a role of its own'

/**
 * The real stores that the environment names. A shell that has read our own `env` file names our embedded ones: those
 * are not somebody else's, they are about to be started.
 */
export function toOverrides(
  environment: Environment,
  ports: Readonly<Record<string, number>>,
): StoreOverrides {
  const overrides: Record<string, string | undefined> = { ...environment }
  for (const [name, companions] of Object.entries(ADDRESSES)) {
    if (!isOurs(environment[name], ports)) continue
    for (const dropped of [name, ...companions]) delete overrides[dropped]
  }
  return overrides
}

function isOurs(address: string | undefined, ports: Readonly<Record<string, number>>): boolean {
  if (address === undefined || !URL.canParse(address)) return false
  const { hostname, port } = new URL(address)
  return hostname === '127.0.0.1' && Object.values(ports).includes(Number(port))
}
