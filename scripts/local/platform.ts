/** The whole platform on one machine: stores, Secrets, bundles, emulator, and a migrated database. */
import { join } from 'node:path'
import { createClock } from '../emulator/clock.ts'
import { createEmulator, type Emulator } from '../emulator/emulator.ts'
import type { Log } from '../emulator/log.ts'
import { loadManifests } from '../emulator/manifests/load.ts'
import type { Manifests, ServiceResource } from '../emulator/manifests/types.ts'
import { toEnvironment } from '../emulator/serving/environment.ts'
import type { Stores } from '../emulator/stores/stores.ts'
import { createBuilder } from './builder.ts'
import { writeEnv } from './env-file.ts'
import { resolveEnv } from './environment.ts'
import { migrate } from './migrate.ts'
import { openStores } from './open-stores.ts'
import { OPERATOR, openSecrets, type Secrets } from './secrets.ts'
import { openState } from './state.ts'

/** What `npm start` was asked for. */
export interface PlatformOptions {
  root: string
  stateDirectory: string
  fresh: boolean
  /** Undefined takes 8080, or the next free one. */
  port: number | undefined
  timeScale: number
  log: Log
  /** Ends a start that is still going on. */
  signal?: AbortSignal
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
  /** Builds the packages that all functions share again. */
  rebuildVendor(): Promise<void>
  /** Applies migrations that are new. */
  migrate(): Promise<void>
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
    const [opening, building] = await Promise.allSettled([
      openStores(options.environment, state, secrets, log),
      builder.buildAll(manifests.services),
    ])
    if (opening.status === 'rejected') throw opening.reason
    const stores = opening.value
    closers.push(stores.close)
    if (building.status === 'rejected') throw building.reason
    options.signal?.throwIfAborted()
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
    const migrateAll = () => migrate(emulator, operatorIdentity(secrets), admin)
    await migrateAll()
    secrets.save()
    options.signal?.throwIfAborted()
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
        const service = find(name)
        const { args, env } = await builder.command(service)
        const resolved = resolveEnv(service, manifests, secrets)
        const common = toEnvironment(service, `${name}-00001`, { resolved, proxyUrl: emulator.url })
        return { args: [...args], env: { ...common, ...env } }
      },
      async reload() {
        const after = loadManifests(folders)
        const failures: unknown[] = []
        const unchanged: ServiceResource[] = []
        for (const service of after.services) {
          const known = manifests.services.find(isSameAs(service))
          if (known) {
            unchanged.push(known)
            continue
          }
          try {
            secrets.addIdentity(service.name)
            await emulator.serving.deploy(service)
            unchanged.push(service)
            log.info(service.name, 'deployed')
          } catch (error) {
            failures.push(error)
          }
        }
        for (const resource of [...after.brokers, ...after.triggers]) {
          emulator.eventing.apply(resource)
        }
        warnOfRemoved(manifests, after, log)
        // What failed is not among them, so that the next save tries it again.
        manifests = { ...after, services: unchanged }
        if (failures.length > 0) throw failures[0]
      },
      async redeploy(name) {
        await builder.build(name)
        await emulator.serving.deploy(find(name))
      },
      rebuildVendor: builder.buildVendor,
      migrate: migrateAll,
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

/** Whether two Services differ in nothing but the line they stand on. */
const isSameAs =
  (one: ServiceResource) =>
  (other: ServiceResource): boolean =>
    JSON.stringify({ ...one, line: 0 }) === JSON.stringify({ ...other, line: 0 })

function warnOfRemoved(before: Manifests, after: Manifests, log: Log): void {
  const names = (all: readonly { name: string }[]): string[] => all.map(({ name }) => name)
  for (const kind of ['services', 'triggers', 'brokers'] as const) {
    const left = new Set(names(after[kind]))
    for (const name of names(before[kind]).filter(known => !left.has(known))) {
      log.warn(name, 'is in no manifest any more, but runs until the next start')
    }
  }
}

/** In reverse order, each whatever became of the others; then the first failure is told. */
async function closeAll(closers: (() => unknown)[]): Promise<void> {
  const failures: unknown[] = []
  for (const close of closers.splice(0).reverse()) {
    try {
      await close()
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
}
