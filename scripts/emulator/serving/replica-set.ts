/** The replicas of one revision: starts and stops processes until there are as many as wanted. */
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { ServiceResource } from '../manifests/types.ts'
import type { ClusterConfig } from './cluster-config.ts'
import type { ProcessGuard } from './guard.ts'
import { createLoadBalancer } from './load-balancer.ts'
import type { Ports } from './ports.ts'
import { progressDeadlineMs } from './progress-deadline.ts'
import {
  createReplica,
  type DrainLimits,
  type Replica,
  type ReplicaOptions,
  type RunCommand,
  type StartFailure,
} from './replica.ts'
import { createRestartBackoff } from './restart-backoff.ts'
import { createStartBackoff } from './start-backoff.ts'

/** What happened to a revision's scale. */
export interface ScaleChange {
  readonly service: string
  readonly revision: string
  readonly from: number
  readonly to: number
  readonly reason: string
}

/** What a revision's processes are made of. */
export interface ReplicaSetOptions {
  readonly name: string
  readonly service: ServiceResource
  readonly clock: Clock
  readonly log: Log
  readonly guard: ProcessGuard
  readonly ports: Ports
  readonly plan: () => Promise<RunCommand>
  readonly environment: ReplicaOptions['environment']
  readonly onScale: (change: ScaleChange) => void
  /** How long a replica may take when its template does not say. */
  readonly config: ClusterConfig
}

/** What the revision does when replicas come and go. */
export interface ReplicaEvents {
  onReady(startMs: number): void
  onFailed(failure: StartFailure): void
  /** A replica ended that nobody had asked to. */
  onLost(how: string): void
}

/** The replicas of one revision. */
export interface ReplicaSet {
  /** A ready replica with a free slot. */
  pick(): Replica | undefined
  counts(): { ready: number; starting: number; draining: number }
  /** Starts or drains until `want` replicas live; starts nothing while backing off from a failure. */
  scaleTo(want: number, reason: string): void
  /** The latest failed start, until one succeeds. */
  failure(): StartFailure | undefined
  /** Virtual milliseconds until a start may be tried again. */
  blockedMs(): number
  /** Forgets failed starts, so that the next is tried at once. */
  forgive(): void
  close(limits: DrainLimits): Promise<void>
}

/** An empty set. */
export function createReplicaSet(options: ReplicaSetOptions, events: ReplicaEvents): ReplicaSet {
  const { name, service, log } = options
  const { template } = service
  const choose = createLoadBalancer(template.containerConcurrency)
  const backoff = createStartBackoff(options.clock)
  const restarts = createRestartBackoff(options.clock)
  const deadlineMs = progressDeadlineMs(template.annotations, options.config.progressDeadlineMs)
  const limits = {
    requestsMs: template.timeoutSeconds * 1_000,
    terminationMs: template.timeoutSeconds * 1_000,
  }
  const replicas = new Set<Replica>()
  if (template.portName === 'h2c' && template.readinessProbe.kind === 'http') {
    log.warn(service.name, H2C_PROBE, { revision: name })
  }
  /** Those that are starting or ready. */
  let live: Replica[] = []
  let closing = false

  const blockedMs = (): number => Math.max(backoff.remainingMs(), restarts.remainingMs())

  const count = (phase: Replica['phase']): number => {
    let total = 0
    for (const replica of replicas) if (replica.phase === phase) total++
    return total
  }

  function refresh(): void {
    live = [...replicas].filter(({ phase }) => phase === 'ready' || phase === 'starting')
  }

  function scaleTo(want: number, reason: string): void {
    while (live.length < want && blockedMs() === 0 && !closing) startOne()
    if (live.length <= want) return
    for (const replica of victims(live, live.length - want)) stopOne(replica, reason)
  }

  function startOne(): void {
    const replica = createReplica({
      scope: service.name,
      plan: options.plan,
      environment: options.environment,
      template,
      deadlineMs,
      log,
      guard: options.guard,
      ports: options.ports,
      onReady,
      onUnready,
      onSick: how => onSick(replica, how),
      onFailed: failure => onFailed(replica, failure),
      onGone: (expected, how) => onGone(replica, expected, how),
    })
    replicas.add(replica)
    refresh()
  }

  function onReady(startMs: number, again: boolean): void {
    const ready = count('ready')
    if (again) {
      log.info(service.name, `${ready - 1}→${ready} ready again`, { revision: name })
      changed(ready - 1, ready, 'ready again')
      events.onReady(startMs)
      return
    }
    const took = `${Math.round(startMs)}ms`
    const what = ready === 1 ? `cold start ${took}` : `started in ${took}`
    backoff.succeed()
    log.info(service.name, `${ready - 1}→${ready} ${what}`, { revision: name })
    changed(ready - 1, ready, ready === 1 ? 'cold start' : 'load')
    events.onReady(startMs)
  }

  function onFailed(replica: Replica, failure: StartFailure): void {
    replicas.delete(replica)
    refresh()
    backoff.fail(failure)
    const wait = `no new try for ${Math.ceil(backoff.remainingMs() / 1_000)} s`
    log.error(service.name, `did not start: ${failure.message}; ${wait}`, {
      revision: name,
      reason: failure.reason,
    })
    events.onFailed(failure)
  }

  function onGone(replica: Replica, expected: boolean, how: string): void {
    replicas.delete(replica)
    refresh()
    if (expected) return
    const ready = count('ready')
    log.warn(service.name, `${ready + 1}→${ready} a replica ${how} while it was serving`, {
      revision: name,
    })
    changed(ready + 1, ready, how)
    events.onLost(how)
  }

  function onUnready(how: string): void {
    const ready = count('ready')
    log.warn(service.name, `${ready + 1}→${ready} ${how}`, { revision: name })
    changed(ready + 1, ready, how)
    events.onLost(how)
  }

  /** The first is replaced at once; one after another waits, as in a crash loop. */
  function onSick(replica: Replica, how: string): void {
    restarts.note({ reason: 'Unhealthy', message: how, tail: [] })
    stopOne(replica, how)
    events.onLost(how)
  }

  function stopOne(replica: Replica, reason: string): void {
    const wasReady = replica.phase === 'ready'
    void replica.drain(limits)
    refresh()
    if (!wasReady) return
    const ready = count('ready')
    log.info(service.name, `${ready + 1}→${ready} ${reason}`, { revision: name })
    changed(ready + 1, ready, reason)
  }

  function changed(from: number, to: number, reason: string): void {
    options.onScale({ service: service.name, revision: name, from, to, reason })
  }

  return {
    pick: () => choose(live),
    counts: () => ({
      ready: count('ready'),
      starting: count('starting'),
      draining: count('draining'),
    }),
    scaleTo,
    failure: () => backoff.failure() ?? restarts.failure(),
    blockedMs,
    forgive: backoff.succeed,
    close: async within => {
      closing = true
      await Promise.all([...replicas].map(replica => replica.drain(within)))
    },
  }
}

/** Those that go first: not ready ones, then the least busy, then the youngest. */
function victims(live: readonly Replica[], count: number): Replica[] {
  const rank = ({ phase, inFlight }: Replica): number => (phase === 'starting' ? -1 : inFlight)
  return [...live]
    .reverse()
    .sort((a, b) => rank(a) - rank(b))
    .slice(0, count)
}

const H2C_PROBE =
  'a cluster sends httpGet probes over HTTP/1.1 to a port named h2c too: a function that speaks HTTP/2 alone needs tcpSocket or grpc'
