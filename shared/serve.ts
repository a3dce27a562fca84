/** Runs a function as Knative runs it: listens on `PORT`, drains on SIGTERM. */
import type { Server } from 'node:http'
import { serve as listen } from '@hono/node-server'
import { createApp } from './app.ts'
import { createCall } from './call.ts'
import { ConfigError, readConfig } from './config.ts'
import { type CommonConfig, commonSettings, createDeps, type Deps } from './deps.ts'
import type { FullConfig, FunctionDefinition } from './function.ts'
import { createIdentity } from './identity.ts'
import { createLog } from './log.ts'
import { createMetrics } from './metrics.ts'
import { createPublish } from './publish.ts'
import { version } from './version.ts'

/** Longer than any client of ours keeps an idle connection, so that the client is the one to close it. */
const KEEP_ALIVE_MS = 100_000
/** After this, a drain ends whatever is still running; Knative's own limit is the revision's timeout. */
const DRAIN_TIMEOUT_MS = 25_000

/** Starts `definition` in this process and never returns control of its lifetime: signals end it. */
export function serve<C extends object>(definition: FunctionDefinition<C>): void {
  const config = readOrExit(definition)
  const deps = createProcessDeps(definition, config)
  const app = createApp(definition, deps)
  const server = listen(
    {
      fetch: app.fetch,
      port: config.PORT,
      hostname: config.LISTEN_ADDRESS,
      overrideGlobalObjects: false,
    },
    () => {
      // After the port is open: what the first request needs loads while that request is on its way.
      deps.load().catch(error => deps.log.error('a client could not be loaded', { error }))
    },
  ) as Server
  server.keepAliveTimeout = KEEP_ALIVE_MS
  server.on('error', error => {
    deps.log.error(`cannot listen on port ${config.PORT}`, { error })
    process.exit(1)
  })
  stopOnSignal(server, app.drain, deps)
}

/** The real dependencies of a process. */
export function createProcessDeps<C extends object>(
  { name }: FunctionDefinition<C>,
  config: FullConfig<C>,
): Deps<C> {
  const common: CommonConfig = config
  const clock = { now: Date.now }
  const identity = createIdentity({
    service: name,
    privateKey: common.SERVICE_KEY,
    publicKeys: common.SERVICE_JWKS,
    clock,
  })
  return createDeps<C>({
    service: name,
    config,
    clock,
    identity,
    log: createLog({
      service: name,
      revision: common.K_REVISION,
      level: common.LOG_LEVEL,
      format: common.LOG_FORMAT,
    }),
    metrics: createMetrics(),
    call: createCall({ service: name, version, domain: common.SERVICES_DOMAIN, identity, clock }),
    publish: createPublish(common.BROKER_URL),
  })
}

function readOrExit<C extends object>(definition: FunctionDefinition<C>): FullConfig<C> {
  try {
    // The one place where a function reads its environment.
    return readConfig(
      definition.name,
      { ...commonSettings, ...definition.config },
      process.env,
    ) as FullConfig<C>
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exit(1)
  }
}

function stopOnSignal(
  server: Server,
  drain: () => void,
  deps: { close(): Promise<void>; log: Deps['log'] },
): void {
  let stopping = false
  const stop = (): void => {
    if (stopping) process.exit(1)
    stopping = true
    drain()
    setTimeout(() => process.exit(1), DRAIN_TIMEOUT_MS).unref()
    server.close(() => {
      deps.close().then(
        () => process.exit(0),
        () => process.exit(1),
      )
    })
    server.closeIdleConnections()
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  process.on('uncaughtException', error => {
    deps.log.error('uncaught error, the process ends', { error })
    process.exit(1)
  })
}
