/** Runs a function as Knative runs it: listens on `PORT`, drains on SIGTERM. */
import type { Server, ServerResponse } from 'node:http'
import { serve as listen } from '@hono/node-server'
import { createApp } from './app.ts'
import { createCall } from './call.ts'
import { ConfigError, readConfig } from './config.ts'
import { type CommonConfig, commonSettings, createDeps, type Deps } from './deps.ts'
import type { FullConfig, FunctionDefinition } from './function.ts'
import { createIdentity } from './identity.ts'
import { createLog } from './log.ts'
import { createMetrics } from './metrics.ts'
import { createOutboxRetry } from './outbox-retry.ts'
import { createPublish } from './publish.ts'
import { version } from './version.ts'

/** Longer than any client of ours keeps an idle connection, so that the client is the one to close it. */
const KEEP_ALIVE_MS = 100_000
/** How often a drain looks for connections that have become idle. */
const DRAIN_LOOK_MS = 50

/** Starts `definition` in this process and never returns control of its lifetime: signals end it. */
export function serve<C extends object>(definition: FunctionDefinition<C>): void {
  const config = readOrExit(definition)
  const outbox =
    definition.outbox === undefined ? undefined : createOutboxRetry(() => deps, definition.outbox)
  const deps: Deps<C> = createProcessDeps(definition, config, outbox?.later)
  const app = orExit(() => createApp(definition, deps))
  const server = listen(
    {
      fetch: app.fetch,
      port: config.PORT,
      // Without one, Node listens on all addresses, also where there is no IPv6.
      ...(config.LISTEN_ADDRESS !== '' && { hostname: config.LISTEN_ADDRESS }),
      overrideGlobalObjects: false,
    },
    () => {
      // After the port is open: what the first request needs loads while that request is on its way.
      deps.load().then(
        // A second later: whoever woke us is served first, on the connection that would be taken.
        () => outbox?.later(),
        error => deps.log.error('a client could not be loaded', { error }),
      )
    },
  ) as Server
  server.keepAliveTimeout = KEEP_ALIVE_MS
  server.on('error', error => {
    deps.log.error(`cannot listen on port ${config.PORT}`, { error })
    process.exit(1)
  })
  stopOnSignal(server, app.drain, {
    log: deps.log,
    async close() {
      await outbox?.close()
      await deps.close()
    },
  })
}

/** The real dependencies of a process. */
export function createProcessDeps<C extends object>(
  { name }: FunctionDefinition<C>,
  config: FullConfig<C>,
  retryOutbox?: () => void,
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
    ...(retryOutbox && { retryOutbox }),
  })
}

function readOrExit<C extends object>(definition: FunctionDefinition<C>): FullConfig<C> {
  // The one place where a function reads its environment.
  return orExit(() =>
    readConfig(definition.name, { ...commonSettings, ...definition.config }, process.env),
  ) as FullConfig<C>
}

/** Settings that do not go together show when the routes are made. */
function orExit<T>(task: () => T): T {
  try {
    return task()
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
  const answering = new Set<ServerResponse>()
  server.prependListener('request', (_, response) => {
    answering.add(response)
    response.once('close', () => answering.delete(response))
    if (stopping) response.shouldKeepAlive = false
  })
  const stop = (): void => {
    if (stopping) process.exit(1)
    stopping = true
    drain()
    // A connection that is busy now stays open after its answer; how long answers may take is the platform's affair.
    for (const response of answering) response.shouldKeepAlive = false
    // One that never asked anything does not count as idle, so the last answer ends them all.
    const looking = setInterval(() => {
      if (answering.size === 0) server.closeAllConnections()
      else server.closeIdleConnections()
    }, DRAIN_LOOK_MS)
    server.close(() => {
      clearInterval(looking)
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
