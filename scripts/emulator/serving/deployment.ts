/** One Service over time: its Configuration makes Revisions, its Route says which one a request goes to. */
import type { Clock } from '../clock.ts'
import { type ConditionSet, createConditions, type Reason } from '../control/conditions.ts'
import { createIdentity, type Identity } from '../control/object.ts'
import { parseGoDuration } from '../manifests/duration.ts'
import type { ServiceResource } from '../manifests/types.ts'
import type { ClusterConfig } from './cluster-config.ts'
import { refuseBeyondLimits } from './cluster-limits.ts'
import { type Configuration, createConfiguration, type RevisionPlan } from './configuration.ts'
import type { Generations } from './generations.ts'
import type { DrainLimits, RunCommand } from './replica.ts'
import { type Revision, StartError } from './revision.ts'
import type { RevisionRecord, RevisionRecordOptions } from './revision-record.ts'
import { createRoute, type Route } from './route.ts'
import { toTemplate, toTraffic, withClusterDefaults } from './service-defaults.ts'
import { refuseKeptName } from './template-changes.ts'

/** What a deployment needs from its surroundings. */
export interface DeploymentOptions {
  readonly clock: Clock
  readonly config: ClusterConfig
  /** Makes a Revision run. */
  readonly createRecord: (
    plan: RevisionPlan,
    events: Pick<RevisionRecordOptions, 'onReadiness' | 'onChange'>,
  ) => RevisionRecord
  readonly resolveCommand: (service: ServiceResource) => Promise<RunCommand>
  /** Whether another Service of the namespace has a Revision of that name. */
  readonly isForeign: (revision: string) => boolean
  /** Goes on with the numbers of a former run. */
  readonly generations?: Generations | undefined
  /** Something that its objects show changed. */
  readonly onChange: () => void
}

/** A Service with what it owns. */
export interface Deployment {
  readonly identity: Identity
  readonly conditions: ConditionSet
  readonly configuration: Configuration
  readonly route: Route
  service(): ServiceResource
  /** Why the latest Revision is not ready; the one before it still serves. */
  failure(): { reason: string; message: string } | undefined
  /** The Revision for a request; undefined when traffic leads nowhere. */
  choose(tag: string | undefined): Revision | undefined
  /**
   * Takes the Service as it is written; `adopt` takes its template without proof, as a cluster does with initial
   * scale 0.
   * @throws ManifestError when a Revision's name was kept although its template changed
   */
  apply(next: ServiceResource, how?: { adopt?: boolean; command?: RunCommand }): void
  /**
   * Takes the Service and the build behind it, and waits until its latest Revision is ready.
   * @throws StartError with the end of its log; the Revision before it serves on
   */
  deploy(next: ServiceResource): Promise<Revision>
  /** Deletes one Revision; false when there is none of that name. */
  removeRevision(name: string): boolean
  tick(): void
  /** Lets every request finish, then stops for good. */
  end(): Promise<void>
  close(limits: DrainLimits): Promise<void>
}

interface Waiter {
  readonly resolve: (revision: Revision) => void
  readonly reject: (error: Error) => void
}

const ROLLOUT = ['serving.knative.dev/rollout-duration', 'serving.knative.dev/rolloutDuration']
const VISIBILITY = 'networking.knative.dev/visibility'

/** A Service without any Revision yet: `apply` or `deploy` makes the first. */
export function createDeployment(initial: ServiceResource, options: DeploymentOptions): Deployment {
  const { clock, config, isForeign } = options
  const { name } = initial
  const conditions = createConditions({ clock, dependents: ['ConfigurationsReady', 'RoutesReady'] })
  const waiters = new Set<Waiter>()
  let service = withClusterDefaults(initial, config)
  let isBusy = false
  let isStale = false
  let closing = false
  const identity = createIdentity(clock, toSpec(service), initial.born)
  const create = (plan: RevisionPlan): RevisionRecord =>
    options.createRecord(plan, { onReadiness: reconcile, onChange: options.onChange })
  const configuration = createConfiguration({
    name,
    clock,
    config,
    create,
    isForeign,
    former: options.generations?.latest(initial),
    onGeneration: (...made) => options.generations?.note(initial, ...made),
  })
  const route = createRoute({
    clock,
    traffic: service.traffic,
    clusterLocal: () => isClusterLocal(service),
    onStep: reconcile,
  })

  function apply(
    written: ServiceResource,
    { adopt = false, command }: { adopt?: boolean; command?: RunCommand } = {},
  ): void {
    if (closing) throw new Error(`${name} is being stopped`)
    const next = withClusterDefaults(written, config)
    refuseBeyondLimits(next, config.autoscaler)
    refuseKeptName(service, next)
    service = next
    identity.update(toSpec(next))
    isBusy = true
    try {
      const how = { adopted: adopt, ...(command && { command }) }
      configuration.update(next, toTemplate(next), how)
    } finally {
      isBusy = false
    }
    reconcile()
  }

  async function deploy(next: ServiceResource): Promise<Revision> {
    const command = await build(next)
    const before = configuration.latestCreated()
    apply(next, { command })
    const taken = configuration.takenName()
    if (taken !== undefined) {
      throw new Error(`"${taken}" exists already: a changed template needs a new revision name`)
    }
    const created = configuration.latestCreated()
    if (created && created === before && created.readiness() !== 'True') created.prove()
    return new Promise((resolve, reject) => {
      waiters.add({ resolve, reject })
      tellWaiters()
    })
  }

  /** A Service that never ran shows why. */
  async function build(next: ServiceResource): Promise<RunCommand> {
    try {
      return await options.resolveCommand(next)
    } catch (error) {
      if (!configuration.latestCreated()) apply(next)
      throw error
    }
  }

  /** Brings everything in line with what is; what happens meanwhile is looked at in another round. */
  function reconcile(): void {
    isStale = true
    if (isBusy || closing) return
    isBusy = true
    try {
      for (let round = 0; isStale && round < MAX_ROUNDS; round++) {
        isStale = false
        reconcileOnce()
      }
    } finally {
      isBusy = false
    }
    tellWaiters()
    options.onChange()
  }

  function reconcileOnce(): void {
    configuration.refresh()
    const ready = configuration.latestReady()
    if (configuration.takenName() === undefined) {
      const readiness = (revision: string) =>
        configuration.find(revision)?.readiness() ??
        (isForeign(revision) ? ('foreign' as const) : undefined)
      const world = {
        configuration: name,
        configurationReady: configuration.conditions.ready(),
        latestReady: ready?.name,
        readiness,
      }
      route.refresh(service.traffic, world, rolloutMs(service, config))
    }
    label()
    propagate()
  }

  /** Routed ones are active; what was, or was replaced before it ever was, is in reserve. */
  function label(): void {
    const routed = new Set(route.routed())
    const created = configuration.latestCreated()
    for (const { latestRevision, revisionName } of service.traffic) {
      if (latestRevision && created) routed.add(created.name)
      else if (revisionName !== undefined) routed.add(revisionName)
    }
    for (const record of configuration.records()) {
      if (routed.has(record.name)) record.setRouting('active')
      else if (record.routing().state === 'active') record.setRouting('reserve')
    }
  }

  function propagate(): void {
    const taken = configuration.takenName()
    copyReady(configuration.conditions, conditions, 'ConfigurationsReady')
    if (taken === undefined) copyReady(route.conditions, conditions, 'RoutesReady')
    else conditions.set('RoutesReady', 'False', nameTaken(taken))
  }

  /** Who waits, waits for the latest Revision, whichever that is by then. */
  function tellWaiters(): void {
    const created = configuration.latestCreated()
    if (waiters.size === 0 || !created || created.readiness() === 'Unknown') return
    const failure = created.failure()
    for (const waiter of waiters) {
      waiters.delete(waiter)
      if (failure) waiter.reject(new StartError(created.name, failure))
      else waiter.resolve(created.revision)
    }
  }

  function stop(why: string): void {
    closing = true
    route.close()
    for (const record of configuration.records()) record.forget()
    for (const waiter of waiters) waiter.reject(new Error(why))
    waiters.clear()
  }

  return {
    identity,
    conditions,
    configuration,
    route,
    service: () => service,
    failure: () => configuration.latestCreated()?.failure(),
    choose: tag => {
      const revision = route.choose(tag, Math.random())
      return revision === undefined ? undefined : configuration.find(revision)?.revision
    },
    apply,
    deploy,
    removeRevision: revision => {
      const record = configuration.remove(revision)
      if (!record) return false
      record.forget()
      void record.revision.end()
      reconcile()
      return true
    },
    tick: () => {
      for (const record of configuration.records()) record.revision.tick()
      const garbage = configuration.collect()
      if (garbage.length === 0) return
      for (const record of garbage) void record.revision.end()
      reconcile()
    },
    end: async () => {
      stop(`${name} was deleted`)
      await Promise.all(configuration.records().map(({ revision }) => revision.end()))
    },
    close: async limits => {
      stop('the emulator is stopping')
      await Promise.all(configuration.records().map(({ revision }) => revision.close(limits)))
    },
  }
}

/** Each round settles one cause; more would be a mistake of ours, which must not hang the emulator. */
const MAX_ROUNDS = 10

/** Whether it has no name outside the cluster. */
export function isClusterLocal({ labels }: ServiceResource): boolean {
  return labels[VISIBILITY] === 'cluster-local'
}

function toSpec(service: ServiceResource): unknown {
  return { template: toTemplate(service), traffic: toTraffic(service) }
}

function rolloutMs({ annotations }: ServiceResource, config: ClusterConfig): number {
  const given = ROLLOUT.map(key => annotations[key]).find(value => value)
  return (given === undefined ? undefined : parseGoDuration(given)) ?? config.rolloutDurationMs
}

const nameTaken = (name: string): Reason => ({
  reason: 'RevisionNameTaken',
  message: `The revision name ${JSON.stringify(name)} is taken by a conflicting Revision, so traffic will not be migrated`,
})

/** The reason and message of one's `Ready` become those of the other's condition. */
function copyReady(from: ConditionSet, to: ConditionSet, type: string): void {
  const { status, reason, message } = from.list().find(each => each.type === 'Ready') ?? {
    status: 'Unknown' as const,
  }
  const isTrue = status === 'True'
  to.set(type, status, {
    ...(!isTrue && reason !== undefined && { reason }),
    ...(!isTrue && message !== undefined && { message }),
  })
}
