/** The local Knative Serving: functions as processes, from zero and back, reached by host name. */
import type { Clock } from '../clock.ts'
import type { KubeObject } from '../control/object.ts'
import type { References } from '../environment.ts'
import type { Log } from '../log.ts'
import type { OtherResource, ServiceResource } from '../manifests/types.ts'
import type { HostHandler, NetworkRequest, NetworkResponse, UpgradeHandler } from '../network.ts'
import type { ClusterConfig } from './cluster-config.ts'
import { deliver } from './deliver.ts'
import { type Deployment, isClusterLocal } from './deployment.ts'
import { createDeployments } from './deployments.ts'
import { createDomainMappings } from './domain-mappings.ts'
import { type FunctionStatus, type RevisionStatus, toFunctionStatus } from './function-status.ts'
import type { Generations } from './generations.ts'
import type { ProcessGuard } from './guard.ts'
import { type ServiceUrls, toServiceObjects } from './objects.ts'
import { proxy } from './proxy.ts'
import type { RunCommand } from './replica.ts'
import type { ScaleChange } from './replica-set.ts'
import { createRequestFacts, type RequestFact } from './request-facts.ts'
import type { Revision } from './revision.ts'
import { hostName } from './router.ts'
import { TICK_MS } from './scale-settings.ts'
import { passUpgrade } from './upgrade.ts'
import { toWarnings } from './warnings.ts'

/** What serving works from; building and secrets are the caller's. */
export interface ServingOptions {
  readonly services: readonly ServiceResource[]
  readonly clock: Clock
  readonly log: Log
  /** What the operator's ConfigMaps say; Knative's defaults unless given. */
  readonly config?: ClusterConfig
  /** Goes on with the numbers of a former run's Revisions; they begin at 1 unless given. */
  readonly generations?: Generations
  /** `localhost` makes `<name>.<namespace>.localhost`, and `<name>.localhost` while the name is unique. */
  readonly domain: string
  readonly guard: ProcessGuard
  /** What to run for a Service. A changed build must give a changed command, or no revision is made. */
  readonly resolveCommand: (service: ServiceResource) => Promise<RunCommand>
  /** The template's environment with Secrets and ConfigMaps resolved. */
  readonly resolveEnv: (service: ServiceResource) => Readonly<Record<string, string>>
  /** Where the files of volumes come from. */
  readonly references?: References
  /** The ingress, which is the forward proxy of every function; asked when a process starts. */
  readonly proxyUrl: () => string
  /** Real time that `close` gives running requests, and again to SIGTERM. */
  readonly closeGraceMs?: number
}

/** The running functions. */
export interface Serving {
  /**
   * Makes and routes to a new revision when the template or the command changed.
   * @throws StartError with the end of its log when it does not become ready; the old revision keeps serving
   */
  deploy(service: ServiceResource): Promise<RevisionStatus>
  /**
   * Takes a Service as the API would and returns at once: its conditions tell what becomes of it. `adopt` takes it
   * without proof at zero replicas, as the start does.
   * @throws ManifestError when a Revision's name was kept although its template changed
   */
  apply(service: ServiceResource, how?: { adopt?: boolean }): void
  /** Gives a Service another host name. @throws ManifestError */
  mapDomain(mapping: OtherResource): void
  /**
   * Deletes a DomainMapping, a Service with all that it owns, or one Revision. New requests do not reach it any more, running ones
   * finish. False when there is no such object.
   */
  remove(kind: string, namespace: string, name: string): boolean
  /** Everything that serving owns, with status: Services, Configurations, Routes, Revisions, PodAutoscalers. */
  objects(): KubeObject[]
  /** Calls after something in `objects()` changed, once for changes that come together. */
  onChange(listener: () => void): () => void
  readonly handler: HostHandler
  readonly upgrade: UpgradeHandler
  /** Whether a host name leads to a function. */
  owns(host: string): boolean
  /** Whether it is one of a Service that wants to be asked over https (`http-protocol: Redirected`). */
  redirects(host: string): boolean
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
  const { clock, log, domain, closeGraceMs = CLOSE_GRACE_MS } = options
  const scaleListeners = new Set<(change: ScaleChange) => void>()
  const changeListeners = new Set<() => void>()
  const facts = createRequestFacts()
  let isTelling = false
  let closed: Promise<void> | undefined

  const deployments = createDeployments(options, {
    onScale: change => {
      for (const listener of scaleListeners) listener(change)
    },
    onChange: tellChange,
  })
  const mappings = createDomainMappings({
    clock,
    exists: (namespace, name) => findService(namespace, name) !== undefined,
    toUrl: host => `http://${host}${portSuffix()}`,
  })
  for (const service of options.services) apply(service, { adopt: true })
  const stopTicking = clock.every(TICK_MS, () => {
    for (const deployment of deployments.list()) deployment.tick()
  })

  /** Changes that come together are told once. */
  function tellChange(): void {
    if (isTelling) return
    isTelling = true
    queueMicrotask(() => {
      isTelling = false
      for (const listener of changeListeners) listener()
    })
  }

  function apply(service: ServiceResource, how: { adopt?: boolean } = {}): void {
    warn(service)
    deployments.open(service).apply(service, how)
    mappings.refresh()
  }

  function remove(kind: string, namespace: string, name: string): boolean {
    const isGone =
      kind === 'DomainMapping'
        ? mappings.remove(namespace, name)
        : deployments.remove(kind, namespace, name)
    mappings.refresh()
    if (isGone) tellChange()
    return isGone
  }

  function findService(namespace: string, name: string): Deployment | undefined {
    return deployments.list().find(deployment => {
      const service = deployment.service()
      return service.namespace === namespace && service.name === name
    })
  }

  const portSuffix = (): string => {
    const port = URL.parse(options.proxyUrl())?.port ?? ''
    return port === '' ? '' : `:${port}`
  }

  async function deploy(service: ServiceResource): Promise<RevisionStatus> {
    warn(service)
    const revision = await deployments.open(service).deploy(service)
    mappings.refresh()
    return { name: revision.name, ...revision.numbers() }
  }

  function warn(service: ServiceResource): void {
    for (const warning of toWarnings(service)) log.warn(service.name, warning)
  }

  /** Undefined: not ours; null: ours, but its traffic leads nowhere. */
  function find(host: string): Revision | null | undefined {
    const route = deployments.find(host)
    if (route) return route.target.deployment.choose(route.tag) ?? null
    const mapped = mappings.find(host)
    if (!mapped) return undefined
    return findService(mapped.namespace, mapped.name)?.choose(undefined) ?? null
  }

  /** Names inside the cluster are asked over HTTP all the same. */
  function redirects(host: string): boolean {
    if (!hostName(host).endsWith(`.${domain}`)) return false
    const service = deployments.find(host)?.target.deployment.service()
    return service !== undefined && isRedirected(service)
  }

  function toUrl(deployment: Deployment): string {
    const short = `${deployment.service().name}.${domain}`
    const isOurs = deployments.find(short)?.target.deployment === deployment
    return isOurs ? `http://${short}${portSuffix()}` : toUrls(deployment).url()
  }

  function toUrls(deployment: Deployment): ServiceUrls {
    const service = deployment.service()
    const host = (tag?: string): string =>
      `${tag === undefined ? '' : `${tag}-`}${service.name}.${service.namespace}`
    const address = `http://${host()}.svc.cluster.local`
    const outside = (tag?: string): string => `http://${host(tag)}.${domain}${portSuffix()}`
    const inside = (tag?: string): string => `http://${host(tag)}.svc.cluster.local`
    return { url: isClusterLocal(service) ? inside : outside, address }
  }

  function close(): Promise<void> {
    closed ??= shutDown()
    return closed
  }

  async function shutDown(): Promise<void> {
    stopTicking()
    await deployments.close({ requestsMs: closeGraceMs, terminationMs: closeGraceMs })
  }

  return {
    deploy,
    apply,
    mapDomain: mapping => {
      mappings.apply(mapping)
      tellChange()
    },
    remove,
    objects: () => [
      ...deployments.list().flatMap(each => toServiceObjects(each, toUrls(each))),
      ...mappings.objects(),
    ],
    onChange: listener => {
      changeListeners.add(listener)
      return () => changeListeners.delete(listener)
    },
    handler: (host, request, response) => {
      const revision = find(host)
      if (revision === undefined) return false
      if (revision) {
        facts.watch(revision, request, response)
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
    owns: host => deployments.find(host) !== undefined || mappings.find(host) !== undefined,
    redirects,
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
      deployments.list().map(deployment => toFunctionStatus(deployment, toUrl(deployment))),
    onScale: listener => {
      scaleListeners.add(listener)
      return () => scaleListeners.delete(listener)
    },
    onRequest: facts.subscribe,
    close,
    [Symbol.asyncDispose]: close,
  }
}

const HTTP_PROTOCOL = [
  'networking.knative.dev/http-protocol',
  'networking.knative.dev/httpProtocol',
]

const isRedirected = ({ annotations }: ServiceResource): boolean =>
  HTTP_PROTOCOL.map(name => annotations[name])
    .find(value => value !== undefined)
    ?.toLowerCase() === 'redirected'

const noRevision = (host: string): string => `no revision takes traffic of ${hostName(host)}`
