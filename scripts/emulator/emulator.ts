/** The local Knative: one port for functions and broker, driven by the same manifests as a cluster. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createApi } from './api/api.ts'
import { type Clock, createClock } from './clock.ts'
import { createEventing, type Eventing } from './eventing/eventing.ts'
import { createIngress, type Ingress } from './ingress.ts'
import type { Log } from './log.ts'
import type { Manifests, ServiceResource } from './manifests/types.ts'
import type { Send } from './network.ts'
import { createProcessGuard } from './serving/guard.ts'
import type { RunCommand } from './serving/replica.ts'
import { createServing, type Serving } from './serving/serving.ts'
import { closeServer, listen } from './stores/listen.ts'

/** What an emulator works from. */
export interface EmulatorOptions {
  manifests: Manifests
  log: Log
  /** Real time unless given. */
  clock?: Clock
  /** The port of everything; 0 takes any free one. */
  port: number
  /** The port that leads to the broker whatever the Host header says; remembered by the caller. */
  brokerPort?: number
  /** Where accepted events are kept. */
  directory: string
  /** What to run for a Service. */
  resolveCommand: (service: ServiceResource) => Promise<RunCommand>
  /** A Service's environment with Secrets and ConfigMaps resolved. */
  resolveEnv: (service: ServiceResource) => Record<string, string>
}

/** A running emulator. */
export interface Emulator {
  /** `http://127.0.0.1:<port>`: the default function and, by Host header, all others. */
  url: string
  port: number
  brokerPort: number
  /** The address to publish to, for clients outside. */
  brokerUrl(namespace: string, name: string): string
  clock: Clock
  serving: Serving
  eventing: Eventing
  /** Sends to a URL as a function would, cluster names included. */
  send: Send
  /** Drains and stops everything; harmless when called again. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** The Service with this annotation answers hosts that name no function. */
const DEFAULT_ANNOTATION = 'emulator.aiwfe.dev/default'
const DOMAIN = 'localhost'
const BROKER_HOST = 'broker-ingress.knative-eventing.svc.cluster.local'
const OWN_HOST = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i
const OWN_ORIGIN = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i

/**
 * Starts the emulator. Functions start when they are first asked for.
 * @throws PortInUseError, or an error of the event journal that names its folder; nothing is left running then
 */
export async function createEmulator(options: EmulatorOptions): Promise<Emulator> {
  const closers: Closer[] = []
  try {
    return await start(options, closers)
  } catch (error) {
    await closeAll(closers, options.log)
    throw error
  }
}

/** What opens, says here how it closes; closed last to first. */
type Closer = () => Promise<void>

async function start(options: EmulatorOptions, closers: Closer[]): Promise<Emulator> {
  const { manifests, log, directory } = options
  const clock = options.clock ?? createClock()
  const guard = createProcessGuard()
  closers.push(guard.close)
  // Deliveries left over from the last run begin before the ingress listens: they wait for it and lose no try.
  const listening = Promise.withResolvers<Ingress>()
  let ingress: Ingress | undefined
  // Here, although it opens last: functions that still work at the end reach each other through it.
  closers.push(async () => ingress?.close())
  const send: Send = async request => (await listening.promise).send(request)
  const serving = createServing({
    services: manifests.services,
    clock,
    log,
    domain: DOMAIN,
    guard,
    resolveCommand: options.resolveCommand,
    resolveEnv: options.resolveEnv,
    proxyUrl: () => ingress?.url ?? '',
  })
  closers.push(serving.close)
  const eventing = await createEventing({
    brokers: manifests.brokers,
    triggers: manifests.triggers,
    clock,
    log,
    send,
    directory,
    domain: DOMAIN,
  })
  closers.push(eventing.close)
  const fallback = toHost(manifests.services.find(isDefault))
  ingress = await createIngress({
    port: options.port,
    domain: DOMAIN,
    log,
    handlers: [
      createApi({ clock, log, serving, eventing }),
      eventing.handler,
      serving.handler,
      toDefault(serving, fallback),
    ],
    upgrades: [
      serving.upgrade,
      (host, request, socket, head) =>
        OWN_HOST.test(host) && serving.upgrade(fallback, request, socket, head),
    ],
    senders: [serving.send],
    owns: serving.owns,
  })
  listening.resolve(ingress)
  const { url, port } = ingress
  const brokerServer = createServer(toBroker(eventing))
  const brokerPort = await listen(brokerServer, options.brokerPort)
  closers.push(() => closeServer(brokerServer))
  let closing: Promise<void> | undefined

  function close(): Promise<void> {
    closing ??= closeAll(closers, log)
    return closing
  }

  return {
    url,
    port,
    brokerPort,
    brokerUrl: (namespace, name) => `http://127.0.0.1:${brokerPort}/${namespace}/${name}`,
    clock,
    serving,
    eventing,
    send,
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** Each whatever became of the one before: no replica may be left. */
async function closeAll(closers: readonly Closer[], log: Log): Promise<void> {
  for (const close of closers.toReversed()) {
    await close().catch((error: unknown) => log.error('emulator', `while stopping: ${error}`))
  }
}

/** The broker whatever own address it is asked by, for clients that cannot set a Host header. */
function toBroker(eventing: Eventing) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    const { host = '', origin } = request.headers
    const isOwn = OWN_HOST.test(host) || eventing.isBroker(host)
    // A page of another site must reach it neither by name (DNS rebinding) nor by script.
    if (!isOwn || (origin !== undefined && !OWN_ORIGIN.test(origin))) {
      request.resume()
      response.writeHead(403, { 'content-type': 'text/plain; charset=utf-8' })
      response.end('requests of other sites are refused')
    } else eventing.handler(BROKER_HOST, request, response)
  }
}

const isDefault = (service: ServiceResource): boolean =>
  service.annotations[DEFAULT_ANNOTATION] === 'true'

const toHost = (service: ServiceResource | undefined): string =>
  service ? `${service.name}.${service.namespace}.${DOMAIN}` : ''

/** Asking for the emulator's own address asks for the default function. */
function toDefault(serving: Serving, fallback: string) {
  return (host: string, request: IncomingMessage, response: ServerResponse): boolean =>
    OWN_HOST.test(host) && fallback !== '' && serving.handler(fallback, request, response)
}
