/** The whole platform on one machine: stores, Secrets, bundles, emulator, and a migrated database. */
import { join } from 'node:path'
import { toKubeconfig } from '../emulator/api/kubernetes/kubeconfig.ts'
import { createClock } from '../emulator/clock.ts'
import { createEmulator, type Emulator, type EmulatorOptions } from '../emulator/emulator.ts'
import type { Log } from '../emulator/log.ts'
import { loadManifests } from '../emulator/manifests/load.ts'
import type { Manifests, ServiceResource } from '../emulator/manifests/types.ts'
import type { Stores } from '../emulator/stores/stores.ts'
import type { Authority } from '../emulator/tls/authority.ts'
import { createBuilder } from './builder.ts'
import { writeEnv } from './env-file.ts'
import { resolveEnv } from './environment.ts'
import { migrate } from './migrate.ts'
import { openStores } from './open-stores.ts'
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
  /** Serves https too, on this port, or 8443 or the next free one. */
  tls?: boolean
  tlsPort?: number | undefined
  timeScale: number
  /** How events are kept; `durable` unless given. */
  eventing?: EmulatorOptions['eventing']
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
  /** Reads the manifests again, applies what is new or changed, and removes what is gone. @throws ManifestError, and nothing is applied */
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
      openStores(options.environment, state, secrets, manifests.services, log),
      builder.buildAll(manifests.services),
    ])
    if (opening.status === 'rejected') throw opening.reason
    const { stores, databaseRoles } = opening.value
    closers.push(stores.close)
    if (building.status === 'rejected') throw building.reason
    options.signal?.throwIfAborted()
    const authority = options.tls ? await openAuthority(join(state.directory, 'tls')) : undefined
    const emulator = await openEmulator(options, {
      manifests,
      log,
      clock: createClock({ scale: options.timeScale }),
      directory: join(state.directory, 'events'),
      ...(authority && { tls: { port: options.tlsPort, authority } }),
      ...(state.ports.broker !== undefined && { brokerPort: state.ports.broker }),
      resolveCommand: builder.command,
      resolveEnv: (service, stored) => resolveEnv(service, stored, secrets),
      token: secrets.resolve('aiwfe-local', 'kubernetes-token') ?? '',
      eventing: options.eventing ?? {},
    })
    closers.push(emulator.close)
    state.rememberPorts({ ...stores.ports, broker: emulator.brokerPort })
    const admin = {
      email: 'admin@aiwfe.local',
      password: secrets.resolve('aiwfe-admin', 'password') ?? '',
    }
    const env: Record<string, string> = {
      ...toEnv(emulator, stores, admin),
      ...toTlsEnv(emulator, authority),
      KUBECONFIG: join(state.directory, 'kubeconfig'),
    }
    const kubeconfig = toKubeconfig({ ...emulator.kubernetes, namespace: NAMESPACE })
    const envFile = join(state.directory, 'env')
    writeEnv(envFile, env)
    writeFileAtomically(join(state.directory, 'kubeconfig'), kubeconfig, 0o600)
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
        const { args } = await builder.command(find(name))
        const env = await emulator.environmentOf(`${NAMESPACE}/${name}`)
        if (!env) throw new Error(`the emulator does not serve the function ${name}`)
        return { args: [...args], env }
      },
      async reload() {
        const after = loadManifests(folders)
        for (const { name } of after.services) secrets.addIdentity(name)
        const hasNewRole = databaseRoles.provide(after.services)
        manifests = after
        await emulator.sync(after)
        if (!hasNewRole) return
        // Only a process that starts now has the new password, and the schema that came with it.
        await builder.build('migrations')
        await emulator.redeploy(NAMESPACE, 'migrations')
        await migrateAll()
      },
      async redeploy(name) {
        await builder.build(name)
        await emulator.redeploy(find(name).namespace, name)
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
  options: Omit<EmulatorOptions, 'port'>,
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

/** What a client needs to call with TLS. */
const toTlsEnv = (
  { secureUrl }: Emulator,
  authority: Authority | undefined,
): Record<string, string> =>
  secureUrl && authority ? { GATEWAY_TLS_URL: secureUrl, AIWFE_CA_FILE: authority.file } : {}

/** Loaded only when asked for: its library of certificates is needed for nothing else. */
const openAuthority = async (directory: string): Promise<Authority> =>
  (await import('../emulator/tls/authority.ts')).openAuthority(directory)

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
