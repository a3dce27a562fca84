/** All Services of an emulator: makes their Revisions run, and knows which host leads to which of them. */
import type { ServiceResource } from '../manifests/types.ts'
import { DEFAULT_CLUSTER_CONFIG } from './cluster-config.ts'
import { refuseBeyondLimits } from './cluster-limits.ts'
import type { RevisionPlan } from './configuration.ts'
import { createDeployment, type Deployment, isClusterLocal } from './deployment.ts'
import { toEnvironment } from './environment.ts'
import { createMounts } from './mounts.ts'
import { createPorts } from './ports.ts'
import type { DrainLimits } from './replica.ts'
import type { ScaleChange } from './replica-set.ts'
import {
  createRevisionRecord,
  type RevisionRecord,
  type RevisionRecordOptions,
} from './revision-record.ts'
import { createRouter, type Routable, type Route, type Router } from './router.ts'
import type { ServingOptions } from './serving.ts'

/** A Service that has host names. */
export type RoutableDeployment = Routable & { readonly deployment: Deployment }

/** The Services. */
export interface Deployments {
  list(): Deployment[]
  /** The Service of that name, made when there is none. */
  open(service: ServiceResource): Deployment
  find(host: string): Route<RoutableDeployment> | undefined
  /** Takes a Service or a Revision out; what runs on it finishes. False when there is none. */
  remove(kind: string, namespace: string, name: string): boolean
  close(limits: DrainLimits): Promise<void>
}

/** No Services yet. */
export function createDeployments(
  options: Omit<ServingOptions, 'services'>,
  events: { onScale: (change: ScaleChange) => void; onChange: () => void },
): Deployments {
  const { clock, log, guard, domain, config = DEFAULT_CLUSTER_CONFIG } = options
  const deployments = new Map<string, Deployment>()
  /** Those that were removed and still finish requests. */
  const ending = new Set<Deployment>()
  const ports = createPorts()
  const mounts = createMounts(options.references)
  let router: Router<RoutableDeployment> = createRouter([], domain)
  let knownHosts = ''

  function open(service: ServiceResource): Deployment {
    const { namespace, name } = service
    const key = `${namespace}/${name}`
    const known = deployments.get(key)
    if (known) return known
    // Before there is anything: what is refused must leave nothing behind.
    refuseBeyondLimits(service, config.autoscaler)
    const deployment = createDeployment(service, {
      clock,
      config,
      generations: options.generations,
      resolveCommand: options.resolveCommand,
      createRecord,
      isForeign: revision =>
        [...deployments.values()].some(other => {
          const { namespace: place, name: owner } = other.service()
          return place === namespace && owner !== name && other.configuration.find(revision)
        }),
      onChange: changed,
    })
    deployments.set(key, deployment)
    return deployment
  }

  function createRecord(
    plan: RevisionPlan,
    recordEvents: Pick<RevisionRecordOptions, 'onReadiness' | 'onChange'>,
  ): RevisionRecord {
    const { service, name, command } = plan
    const resolve = command
      ? () => Promise.resolve(command)
      : rememberSuccess(() => options.resolveCommand(service))
    return createRevisionRecord({
      ...recordEvents,
      ...plan,
      clock,
      log,
      guard,
      ports,
      config,
      plan: resolve,
      prepare: () => mounts.write(service),
      environment: image =>
        toEnvironment(service, name, {
          resolved: options.resolveEnv(service),
          proxyUrl: options.proxyUrl(),
          image,
        }),
      onScale: events.onScale,
    })
  }

  /** The hosts must be right at once. */
  function changed(): void {
    const hosts = [...deployments]
      .map(([key, { route, service }]) => `${key}:${isClusterLocal(service())}:${route.tags()}`)
      .join()
    if (hosts !== knownHosts) {
      knownHosts = hosts
      router = createRouter([...deployments.values()].map(toRoutable), domain)
    }
    events.onChange()
  }

  function remove(kind: string, namespace: string, name: string): boolean {
    if (kind === 'Revision') {
      const inNamespace = [...deployments.values()].filter(
        deployment => deployment.service().namespace === namespace,
      )
      return inNamespace.some(deployment => deployment.removeRevision(name))
    }
    const key = `${namespace}/${name}`
    const deployment = kind === 'Service' ? deployments.get(key) : undefined
    if (!deployment) return false
    deployments.delete(key)
    options.generations?.forget({ namespace, name })
    ending.add(deployment)
    void deployment.end().then(() => ending.delete(deployment))
    changed()
    return true
  }

  return {
    list: () => [...deployments.values()],
    open,
    find: host => router.find(host),
    remove,
    close: async limits => {
      const all = [...deployments.values(), ...ending]
      await Promise.all(all.map(deployment => deployment.close(limits)))
      mounts.close()
    },
  }
}

function toRoutable(deployment: Deployment): RoutableDeployment {
  const service = deployment.service()
  const { name, namespace } = service
  const tags = deployment.route.tags()
  return { name, namespace, tags, clusterLocal: isClusterLocal(service), deployment }
}

/** Asks once, but again after a failure. */
function rememberSuccess<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined
  return () => {
    answer ??= ask().catch((error: unknown) => {
      answer = undefined
      throw error
    })
    return answer
  }
}
