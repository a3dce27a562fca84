/** The whole platform on one machine: stores, Secrets, bundles, emulator, and a migrated database. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createClock } from '../emulator/clock.ts'
import { createEmulator, type Emulator } from '../emulator/emulator.ts'
import type { Log } from '../emulator/log.ts'
import { loadManifests } from '../emulator/manifests/load.ts'
import type { Manifests, ServiceResource } from '../emulator/manifests/types.ts'
import { type Stores, startStores } from '../emulator/stores/stores.ts'
import { createBuilder } from './builder.ts'
import { resolveEnv } from './environment.ts'
import { migrate } from './migrate.ts'
import { OPERATOR, openSecrets, type Secrets } from './secrets.ts'
import { openState } from './state.ts'
import { writeFileAtomically } from './write-file.ts'

/** What `npm start` was asked for. */
export interface PlatformOptions {
  root: string
  stateDirectory: string
  fresh: boolean
  /** Undefined takes 8080, or the next free one. */
  port: number | undefined
  timeScale: number
  log: Log
  /** Addresses of real stores take the place of the embedded ones. */
  environment: Readonly<Record<string, string | undefined>>
}

/** The running platform. */
export interface Platform {
  emulator: Emulator
  stores: Stores
  manifests: Manifests
  /** What `.aiwfe/env` holds. */
  env: Record<string, string>
  envFile: string
  secrets: Secrets
  /** How a function's process is started here, for tools that start one themselves. */
  processOf(name: string): Promise<{ args: string[]; env: Record<string, string> }>
  /** Reads the manifests again and applies what is new or changed. @throws ManifestError, and nothing is applied */
  reload(): Promise<void>
  /** Builds `name` again and, when it works, makes a new revision of it. */
  redeploy(name: string): Promise<void>
  /** Stops everything; harmless when called again. */
  close(): Promise<void>
}

const DEFAULT_PORT = 8080
/** How many ports after the default one are tried when nobody asked for a certain one. */
const PORT_TRIES = 20
/** The functions' namespace, whose default broker takes events from outside. */
const NAMESPACE = 'aiwfe-system'

/**
 * Starts everything, or throws with what stands in the way after closing what had been opened.
 * @throws ManifestError before anything starts; PortInUseError; errors that name a folder of the state
 */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const { root, log } = options
  const folders = [join(root, 'knative'), join(root, 'eventing')]
  let manifests = loadManifests(folders)
  const state = openState(options.stateDirectory, options)
  const closers: (() => Promise<unknown> | unknown)[] = [state.close]
  try {
    const secrets = openSecrets(join(state.directory, 'secrets.json'), manifests.services)
    const builder = createBuilder(root)
    const [stores] = await Promise.all([
      openStores(options, state, secrets, closers),
      builder.buildAll(manifests.services),
    ])
    provideStores(secrets, stores)
    const emulator = await openEmulator(options, {
      manifests,
      log,
      clock: createClock({ scale: options.timeScale }),
      directory: join(state.directory, 'events'),
      ...(state.ports.broker !== undefined && { brokerPort: state.ports.broker }),
      resolveCommand: builder.command,
      resolveEnv: service => resolveEnv(service, manifests, secrets),
    })
    closers.push(emulator.close)
    state.rememberPorts({ ...stores.ports, broker: emulator.brokerPort })
    const admin = {
      email: 'admin@aiwfe.local',
      password: secrets.resolve('aiwfe-admin', 'password') ?? '',
    }
    const env = toEnv(emulator, stores, admin)
    const envFile = join(state.directory, 'env')
    writeEnv(envFile, env)
    // Migrations reads DATABASE_URL like every function, so all that it needs has been resolved by now.
    await migrate(emulator, operatorIdentity(secrets), admin)
    secrets.save()
    const find = (name: string): ServiceResource => {
      const service = manifests.services.find(candidate => candidate.name === name)
      if (service) return service
      throw new Error(`no manifest names the function ${name}: add knative/functions/${name}.yaml`)
    }
    return {
      emulator,
      stores,
      get manifests() {
        return manifests
      },
      secrets,
      env,
      envFile,
      async processOf(name) {
        const { args, env: own } = await builder.command(find(name))
        const proxy = { HTTP_PROXY: emulator.url, NO_PROXY: '127.0.0.1,localhost' }
        return {
          args: [...args],
          env: { ...proxy, ...resolveEnv(find(name), manifests, secrets), ...own },
        }
      },
      async reload() {
        const before = manifests
        const after = loadManifests(folders)
        manifests = after
        for (const service of after.services) {
          if (before.services.some(known => isSame(known, service))) continue
          secrets.addIdentity(service.name)
          await emulator.serving.deploy(service)
          log.info(service.name, 'deployed')
        }
        for (const resource of [...after.brokers, ...after.triggers])
          emulator.eventing.apply(resource)
      },
      async redeploy(name) {
        await builder.build(name)
        await emulator.serving.deploy(find(name))
      },
      close: () => closeAll(closers),
    }
  } catch (error) {
    await closeAll(closers)
    throw error
  }
}

/** Asked for one port, that one or an error; asked for none, the next free one after the default. */
async function openEmulator(
  { port }: PlatformOptions,
  options: Omit<Parameters<typeof createEmulator>[0], 'port'>,
): Promise<Emulator> {
  if (port !== undefined) return createEmulator({ ...options, port })
  for (let next = DEFAULT_PORT; next < DEFAULT_PORT + PORT_TRIES; next++) {
    try {
      return await createEmulator({ ...options, port: next })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    }
  }
  return createEmulator({ ...options, port: 0 })
}

async function openStores(
  { environment, log }: PlatformOptions,
  state: { directory: string; ports: Record<string, number> },
  secrets: Secrets,
  closers: (() => unknown)[],
): Promise<Stores> {
  const stores = await startStores({
    directory: join(state.directory, 'stores'),
    log,
    ports: state.ports,
    secrets: {
      redisToken: secrets.resolve('aiwfe-local', 'redis-token') ?? '',
      databasePassword: secrets.resolve('aiwfe-local', 'database-password') ?? '',
      qdrantKey: secrets.resolve('aiwfe-local', 'qdrant-key') ?? '',
    },
    overrides: environment,
  })
  closers.push(stores.close)
  secrets.save()
  return stores
}

function provideStores(secrets: Secrets, { env }: Stores): void {
  secrets.provide('aiwfe-postgres', { url: env.DATABASE_URL })
  secrets.provide('aiwfe-redis', {
    url: env.UPSTASH_REDIS_REST_URL,
    token: env.UPSTASH_REDIS_REST_TOKEN,
  })
  secrets.provide('aiwfe-qdrant', { url: env.QDRANT_URL, 'api-key': env.QDRANT_API_KEY })
  secrets.provide('aiwfe-ollama', { host: env.OLLAMA_HOST })
}

const operatorIdentity = (secrets: Secrets): { privateKey: string; publicKeys: string } => ({
  privateKey: secrets.resolve('aiwfe-identity', OPERATOR) ?? '',
  publicKeys: secrets.resolve('aiwfe-identity', 'jwks') ?? '',
})

function toEnv(
  emulator: Emulator,
  { env }: Stores,
  admin: { email: string; password: string },
): Record<string, string> {
  return {
    GATEWAY_URL: emulator.url,
    BROKER_URL: emulator.brokerUrl(NAMESPACE, 'default'),
    ADMIN_EMAIL: admin.email,
    ADMIN_PASSWORD: admin.password,
    ...env,
  }
}

/** Lines that a shell, Node's `--env-file` and Docker read alike; nothing in them needs quoting. */
function writeEnv(file: string, env: Record<string, string>): void {
  const lines = Object.entries(env).map(([name, value]) => `${name}=${value}`)
  writeFileAtomically(file, `${lines.join('\n')}\n`, 0o600)
}

/** Reads a file that {@link startPlatform} wrote. */
export function readEnv(file: string): Record<string, string> {
  const lines = readFileSync(file, 'utf8').split('\n')
  return Object.fromEntries(
    lines
      .filter(line => line.includes('='))
      .map(line => {
        const at = line.indexOf('=')
        return [line.slice(0, at), line.slice(at + 1)]
      }),
  )
}

/** Whether two Services differ in nothing but the line they stand on. */
const isSame = (one: ServiceResource, other: ServiceResource): boolean =>
  JSON.stringify({ ...one, line: 0 }) === JSON.stringify({ ...other, line: 0 })

async function closeAll(closers: (() => unknown)[]): Promise<void> {
  for (const close of closers.splice(0).reverse()) await close()
}
