/** The local Knative: one port for functions and broker, driven by the same manifests as a cluster. */
import { toServer } from './api/kubernetes/access.ts'
import { type BrokerDoor, openBrokerDoor } from './broker-door.ts'
import { type Client, createClient } from './client.ts'
import type { Clock } from './clock.ts'
import type { Document, WriteOptions } from './control/admission.ts'
import type { ControlPlane } from './control/control-plane.ts'
import { findKind } from './control/kinds.ts'
import { createManifestSync } from './control/manifest-sync.ts'
import type { KubeObject } from './control/object.ts'
import { StatusError } from './control/status-error.ts'
import { openDoors } from './doors.ts'
import type { EnvironmentOf } from './environment-of.ts'
import type { Eventing } from './eventing/eventing.ts'
import { createIdle, type IdleOptions } from './idle.ts'
import type { Ingress } from './ingress.ts'
import { createInspection, type Inspection } from './inspect.ts'
import type { Log } from './log.ts'
import { createLogTap, type LogLine } from './log-tap.ts'
import type { Manifests } from './manifests/types.ts'
import type { Send } from './network.ts'
import { type EmulatorOptions, type Settings, toSettings } from './options.ts'
import { createParts } from './parts.ts'
import type { Serving } from './serving/serving.ts'

export type { EmulatorOptions } from './options.ts'

/** A running emulator. */
export interface Emulator extends Client, Inspection {
  /** `http://127.0.0.1:<port>`: the default function and, by Host header, all others. */
  url: string
  /** The same with TLS, when it was asked for. */
  secureUrl: string | undefined
  port: number
  brokerPort: number
  /** The address to publish to, for clients outside. */
  brokerUrl(namespace: string, name: string): string
  /** `server` is all that a Kubernetes client needs; it has the token in it. */
  kubernetes: { readonly server: string; readonly token: string }
  clock: Clock
  serving: Serving
  eventing: Eventing
  control: ControlPlane
  /** Sends to a URL as a function would, cluster names included. */
  send: Send
  /**
   * Creates or replaces an object of any kind, as `kubectl apply` does; with `wait` it resolves when the object works.
   * @throws StatusError with the webhook's own message
   */
  apply(document: Document, options?: WriteOptions): Promise<KubeObject>
  /** Removes an object with all that it owns. @throws StatusError when there is none */
  remove(target: {
    apiVersion: string
    kind: string
    name: string
    namespace?: string
  }): Promise<void>
  /** Makes the emulator what the manifests say now. @throws the first failure, after all the rest was done */
  sync(manifests: Manifests): Promise<void>
  /** Makes a new revision of a Service whose build has changed. @throws StartError */
  redeploy(namespace: string, name: string): Promise<void>
  /** Resolves when no event is unfinished and no request in flight. @throws Error with `debug()` when that lasts */
  idle(options?: IdleOptions): Promise<void>
  /** The environment of a function's process, for tools that run beside it. */
  readonly environmentOf: EnvironmentOf
  /** The latest lines of the log, the oldest first; of one function or part, if named. */
  logs(scope?: string): LogLine[]
  /** Drains and stops everything; harmless when called again. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Starts the emulator. Functions start when they are first asked for.
 * @throws ManifestError; PortInUseError; an error of the event journal that names its folder. Nothing is left running
 * then
 * @example
 * await using emulator = await createEmulator({
 *   manifests: ['eventing/', 'knative/functions/orders.yaml'],
 *   clock: 'virtual',
 *   handlers: { orders: () => new Response(null, { status: 202 }) },
 * })
 * await emulator.publish({ type: 'dev.shop.order.placed.v1', data: { id: 7 } })
 * await emulator.idle()
 * expect(emulator.deliveries({ trigger: 'order-placed' })).toMatchObject([{ state: 'delivered' }])
 */
export async function createEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const settings = toSettings(options)
  const tap = createLogTap(settings.log)
  const closers: Closer[] = [async () => settings.cleanUp()]
  try {
    return await start(settings, { log: tap.log, logs: tap.lines, closers })
  } catch (error) {
    await closeAll(closers, tap.log)
    throw error
  }
}

/** What opens, says here how it closes; closed last to first. */
type Closer = () => Promise<void>

async function start(
  settings: Settings,
  { log, logs, closers }: { log: Log; logs: Emulator['logs']; closers: Closer[] },
): Promise<Emulator> {
  const { manifests, clock, token } = settings
  // Deliveries left over from the last run begin before the ingress listens: they wait for it and lose no try.
  const listening = Promise.withResolvers<Ingress>()
  let ingress: Ingress | undefined
  const send: Send = async request => (await listening.promise).send(request)
  const parts = await createParts(settings, {
    log,
    send,
    proxyUrl: () => ingress?.url ?? '',
    closeIngress: async () => ingress?.close(),
    closers,
  })
  const { serving, eventing, control } = parts
  ingress = await openDoors(settings, parts, log)
  listening.resolve(ingress)
  const door: BrokerDoor = await openBrokerDoor(eventing, settings.brokerPort)
  closers.push(door.close)
  const sync = createManifestSync({ control, log }, manifests)
  const { inProcess } = parts
  const inspection = createInspection({ serving, eventing, runningHandlers: inProcess.running })
  const { debug } = inspection
  const idle = createIdle({ serving, eventing, inFlight: inProcess.inFlight, debug })
  const { url, port, secure } = ingress
  const ended = Promise.withResolvers<void>()
  let closing: Promise<void> | undefined

  function close(): Promise<void> {
    closing ??= closeAll(closers, log)
    ended.resolve()
    return closing
  }

  /** Afterwards nothing is done by halves. */
  function assertOpen(): void {
    if (closing) throw new Error('the emulator is closed')
  }

  return {
    ...createClient({ serving, eventing, send, assertOpen }),
    ...inspection,
    url,
    secureUrl: secure?.url,
    port,
    brokerPort: door.port,
    brokerUrl: (namespace, name) => `http://127.0.0.1:${door.port}/${namespace}/${name}`,
    kubernetes: { server: toServer(url, token), token },
    clock,
    serving,
    eventing,
    control,
    send,
    async apply(document, how) {
      assertOpen()
      return (await control.apply(document, how)).object
    },
    async remove({ apiVersion, kind: name, namespace = 'default', ...target }) {
      assertOpen()
      const kind = findKind(apiVersion, name)
      if (!kind) throw new StatusError('NotFound', `there is no kind ${name} of ${apiVersion}`)
      await control.remove({ kind, namespace, name: target.name })
    },
    sync: sync.apply,
    redeploy: parts.servingPart.redeploy,
    environmentOf: parts.environmentOf,
    async idle(how) {
      assertOpen()
      await Promise.race([idle(how), ended.promise.then(assertOpen)])
    },
    logs,
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
