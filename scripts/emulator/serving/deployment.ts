/** One Service over time: makes revisions, proves them, and says which one a request goes to. */
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { ServiceResource } from '../manifests/types.ts'
import { toEnvironment } from './environment.ts'
import type { ProcessGuard } from './guard.ts'
import type { Ports } from './ports.ts'
import type { DrainLimits, RunCommand } from './replica.ts'
import type { ScaleChange } from './replica-set.ts'
import { createRevision, type Revision, StartError } from './revision.ts'
import { chooseTarget } from './router.ts'
import { readScaleSettings } from './scale-settings.ts'

/** What a deployment needs from its surroundings. */
export interface DeploymentOptions {
  readonly clock: Clock
  readonly log: Log
  readonly guard: ProcessGuard
  readonly ports: Ports
  readonly resolveCommand: (service: ServiceResource) => Promise<RunCommand>
  readonly resolveEnv: (service: ServiceResource) => Readonly<Record<string, string>>
  readonly proxyUrl: () => string
  readonly onScale: (change: ScaleChange) => void
}

/** A Service and its revisions. */
export interface Deployment {
  service(): ServiceResource
  revisions(): Revision[]
  latestReady(): Revision | undefined
  latestCreated(): string | undefined
  /** Why the last deployment did not come up; the revision before it still serves. */
  failure(): { reason: string; message: string } | undefined
  /** The revision for a request; undefined when the traffic names one that does not exist. */
  choose(tag: string | undefined): Revision | undefined
  /** Takes the Service without proof, at zero replicas: what a cluster with initial-scale 0 does. */
  adopt(): void
  /**
   * Makes a revision when template or command changed, and routes to it once it is ready.
   * @throws StartError with the end of its log; nothing changed then
   */
  deploy(next: ServiceResource): Promise<Revision>
  tick(): void
  close(limits: DrainLimits): Promise<void>
}

/** Revisions without traffic that are kept for a roll back. */
const KEPT_REVISIONS = 20

/** A deployment without any revision yet. */
export function createDeployment(initial: ServiceResource, options: DeploymentOptions): Deployment {
  const revisions = new Map<string, Revision>()
  const prints = new Map<string, string>()
  let service = initial
  let generation = 0
  let ready: Revision | undefined
  let created: string | undefined
  let failure: { reason: string; message: string } | undefined
  let queue: Promise<unknown> = Promise.resolve()
  let proving: Revision | undefined
  let closing = false

  function create(next: ServiceResource, plan: () => Promise<RunCommand>): Revision {
    generation++
    const name = next.template.name ?? `${next.name}-${String(generation).padStart(5, '0')}`
    created = name
    const { clock, log, guard, ports, onScale } = options
    const environment = (image?: RunCommand['env']): Record<string, string> =>
      toEnvironment(next, name, {
        resolved: options.resolveEnv(next),
        proxyUrl: options.proxyUrl(),
        image,
      })
    return createRevision({
      name,
      service: next,
      clock,
      log,
      guard,
      ports,
      onScale,
      plan: next.template.portName === 'h2c' ? refuseH2c : plan,
      environment,
    })
  }

  function adopt(): void {
    const plan = rememberSuccess(async () => {
      const command = await options.resolveCommand(initial)
      prints.set(revision.name, fingerprint(initial, command))
      return command
    })
    const revision = create(initial, plan)
    revisions.set(revision.name, revision)
    ready = revision
  }

  /** One after the other: the later one of two decides what is routed. */
  function deploy(next: ServiceResource): Promise<Revision> {
    const result = queue.then(() => deployNow(next))
    queue = result.catch(() => {})
    return result
  }

  async function deployNow(next: ServiceResource): Promise<Revision> {
    if (closing) throw new Error('the emulator is stopping')
    const command = await options.resolveCommand(next)
    const print = fingerprint(next, command)
    if (ready && prints.get(ready.name) === print) {
      failure = undefined
      service = next
      reroute()
      return ready
    }
    const name = next.template.name
    if (name !== undefined && revisions.has(name)) {
      throw new Error(`"${name}" exists already: a changed template needs a new revision name`)
    }
    const revision = create(next, () => Promise.resolve(command))
    await prove(revision)
    revisions.set(revision.name, revision)
    prints.set(revision.name, print)
    failure = undefined
    ready = revision
    service = next
    reroute()
    return revision
  }

  async function prove(revision: Revision): Promise<void> {
    const { initialScale, minScale } = readScaleSettings(revision.service.template)
    proving = revision
    try {
      await revision.prove(Math.max(1, initialScale ?? 1, minScale))
    } catch (error) {
      const reason = error instanceof StartError ? error.failure.reason : 'InternalError'
      const message = error instanceof Error ? error.message.split('\n', 1).join('') : String(error)
      failure = { reason, message }
      await revision.close({ requestsMs: 0, terminationMs: FAILED_GRACE_MS })
      throw error
    } finally {
      proving = undefined
    }
  }

  function reroute(): void {
    const routed = new Set(service.traffic.map(toRevision))
    for (const revision of revisions.values()) {
      if (routed.has(revision)) revision.revive()
      else revision.retire()
    }
    const idle = [...revisions.values()].filter(each => !routed.has(each) && isGone(each))
    for (const revision of idle.slice(0, Math.max(0, idle.length - KEPT_REVISIONS))) {
      revisions.delete(revision.name)
      prints.delete(revision.name)
    }
  }

  function toRevision(target: {
    latestRevision: boolean
    revisionName?: string
  }): Revision | undefined {
    return target.latestRevision ? ready : revisions.get(target.revisionName ?? '')
  }

  return {
    service: () => service,
    revisions: () => [...revisions.values()],
    latestReady: () => ready,
    latestCreated: () => created,
    failure: () => failure,
    choose: tag => {
      const target = chooseTarget(service.traffic, tag, Math.random())
      return target && toRevision(target)
    },
    adopt,
    deploy,
    tick: () => {
      for (const revision of revisions.values()) revision.tick()
    },
    close: async limits => {
      closing = true
      const all = proving ? [...revisions.values(), proving] : [...revisions.values()]
      await Promise.all(all.map(revision => revision.close(limits)))
      await queue
    },
  }
}

const FAILED_GRACE_MS = 2_000

const refuseH2c = (): Promise<never> =>
  Promise.reject(new Error('port name h2c is not emulated: functions are reached over HTTP/1.1'))

/** What a new revision is made for: the template, and what the emulator runs for its image. */
function fingerprint({ template }: ServiceResource, command: RunCommand): string {
  return JSON.stringify([template, command])
}

function isGone(revision: Revision): boolean {
  const { ready, starting, draining, inFlight } = revision.numbers()
  return ready + starting + draining + inFlight === 0
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
