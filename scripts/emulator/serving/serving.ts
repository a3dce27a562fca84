/** The local Knative Serving: functions as processes, from zero and back, reached by host name. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { ServiceResource } from '../manifests/types.ts'
import type { HostHandler, NetworkRequest, NetworkResponse } from '../network.ts'
import { deliver } from './deliver.ts'
import { createDeployment, type Deployment } from './deployment.ts'
import { type FunctionStatus, type RevisionStatus, toFunctionStatus } from './function-status.ts'
import type { ProcessGuard } from './guard.ts'
import { createPorts } from './ports.ts'
import { proxy } from './proxy.ts'
import type { RunCommand } from './replica.ts'
import type { ScaleChange } from './replica-set.ts'
import { createRequestFacts, type RequestFact } from './request-facts.ts'
import type { Revision } from './revision.ts'
import { createRouter, hostName, type Routable, type Router } from './router.ts'
import { TICK_MS } from './scale-settings.ts'
import { passUpgrade } from './upgrade.ts'

/** What serving works from; building and secrets are the caller's. */
export interface ServingOptions {
  readonly services: readonly ServiceResource[]
  readonly clock: Clock
  readonly log: Log
  /** `localhost` makes `<name>.<namespace>.localhost`, and `<name>.localhost` while the name is unique. */
  readonly domain: string
  readonly guard: ProcessGuard
  /** What to run for a Service. A changed build must give a changed command, or no revision is made. */
  readonly resolveCommand: (service: ServiceResource) => Promise<RunCommand>
  /** The template's environment with Secrets and ConfigMaps resolved. */
  readonly resolveEnv: (service: ServiceResource) => Readonly<Record<string, string>>
  /** The ingress, which is the forward proxy of every function; asked when a process starts. */
  readonly proxyUrl: () => string
  /** Real time that `close` gives running requests, and again to SIGTERM. */
  readonly closeGraceMs?: number
}

/** Takes over an upgraded connection when the host is a function. */
export type UpgradeHandler = (
  host: string,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
) => boolean

/** The running functions. */
export interface Serving {
  /**
   * Makes and routes to a new revision when the template or the command changed.
   * @throws StartError with the end of its log when it does not become ready; the old revision keeps serving
   */
  deploy(service: ServiceResource): Promise<RevisionStatus>
  readonly handler: HostHandler
  readonly upgrade: UpgradeHandler
  /** Whether a host name leads to a function. */
  owns(host: string): boolean
  /** Delivers in process; undefined when the host is not a function. */
  send(request: NetworkRequest): Promise<NetworkResponse | undefined>
  status(): FunctionStatus[]
  onScale(listener: (change: ScaleChange) => void): () => void
  /** Tells of each request that ended; returns what ends the telling. */
  onRequest(listener: (fact: RequestFact) => void): () => void
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

const CLOSE_GRACE_MS = 5_000

/** Starts serving with zero processes; functions with a min-scale get theirs at the first tick of the autoscaler. */
export function createServing(options: ServingOptions): Serving {
  const { clock, domain, closeGraceMs = CLOSE_GRACE_MS } = options
  const listeners = new Set<(change: ScaleChange) => void>()
  const deployments = new Map<string, Deployment>()
  const ports = createPorts()
  const facts = createRequestFacts()
  let router: Router<Routable & { deployment: Deployment }> | undefined
  let closed: Promise<void> | undefined

  for (const service of options.services) {
    const deployment = createDeployment(service, dependencies())
    deployments.set(keyOf(service), deployment)
    deployment.adopt()
  }
  rebuildRouter()
  const stopTicking = clock.every(TICK_MS, () => {
    for (const deployment of deployments.values()) deployment.tick()
  })

  function dependencies(): Parameters<typeof createDeployment>[1] {
    const { log, guard, resolveCommand, resolveEnv, proxyUrl } = options
    const onScale = (change: ScaleChange): void => {
      for (const listener of listeners) listener(change)
    }
    return { clock, log, guard, ports, resolveCommand, resolveEnv, proxyUrl, onScale }
  }

  function rebuildRouter(): void {
    const routable = [...deployments.values()].flatMap(deployment => {
      const { name, namespace, traffic } = deployment.service()
      return deployment.latestReady() ? [{ name, namespace, traffic, deployment }] : []
    })
    router = createRouter(routable, domain)
  }

  async function deploy(service: ServiceResource): Promise<RevisionStatus> {
    const key = keyOf(service)
    const deployment = deployments.get(key) ?? createDeployment(service, dependencies())
    deployments.set(key, deployment)
    const revision = await deployment.deploy(service)
    rebuildRouter()
    return { name: revision.name, ...revision.numbers() }
  }

  /** Undefined: not ours; null: ours, but its traffic leads nowhere. */
  function find(host: string): Revision | null | undefined {
    const route = router?.find(host)
    if (!route) return undefined
    return route.target.deployment.choose(route.tag) ?? null
  }

  function toUrl(deployment: Deployment): string {
    const { name, namespace } = deployment.service()
    const short = router?.find(`${name}.${domain}`)?.target.deployment === deployment
    const port = URL.parse(options.proxyUrl())?.port ?? ''
    return `http://${short ? name : `${name}.${namespace}`}.${domain}${port === '' ? '' : `:${port}`}`
  }

  function close(): Promise<void> {
    closed ??= shutDown()
    return closed
  }

  async function shutDown(): Promise<void> {
    stopTicking()
    const limits = { requestsMs: closeGraceMs, terminationMs: closeGraceMs }
    await Promise.all([...deployments.values()].map(deployment => deployment.close(limits)))
  }

  return {
    deploy,
    handler: (host, request, response) => {
      const revision = find(host)
      if (revision === undefined) return false
      if (revision) {
        facts.watch(revision, request.method ?? '', request.url?.split('?')[0] ?? '', response)
        proxy(revision, request, response)
      } else response.writeHead(404, { 'content-type': 'text/plain' }).end(noRevision(host))
      return true
    },
    upgrade: (host, request, socket, head) => {
      const revision = find(host)
      if (!revision) return false
      passUpgrade(revision, request, socket, head)
      return true
    },
    owns: host => router?.find(host) !== undefined,
    send: async request => {
      const url = new URL(request.url)
      const revision = url.protocol === 'http:' ? find(url.host) : undefined
      if (revision === undefined) return undefined
      if (revision) {
        const end = facts.begin(revision, request.method, url.pathname)
        const answer = await deliver(revision, request, url)
        end(answer.status)
        return answer
      }
      return { status: 404, headers: {}, body: Buffer.from(noRevision(url.host)) }
    },
    status: () =>
      [...deployments.values()].map(deployment => toFunctionStatus(deployment, toUrl(deployment))),
    onScale: listener => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    onRequest: facts.subscribe,
    close,
    [Symbol.asyncDispose]: close,
  }
}

const keyOf = ({ namespace, name }: ServiceResource): string => `${namespace}/${name}`

const noRevision = (host: string): string => `no revision takes traffic of ${hostName(host)}`
