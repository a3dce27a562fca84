/** A revision: the requests it serves, those that wait for a replica, and how many replicas that needs. */
import type { ServiceResource } from '../manifests/types.ts'
import type { Admission, Refusal } from './admission.ts'
import { createAutoscaler } from './autoscaler.ts'
import type { ClusterConfig } from './cluster-config.ts'
import { progressDeadlineMs } from './progress-deadline.ts'
import type { DrainLimits, Replica, StartFailure } from './replica.ts'
import { createReplicaSet, type ReplicaSetOptions } from './replica-set.ts'
import { readScaleSettings } from './scale-settings.ts'

/** Numbers for the status page. */
export interface RevisionNumbers {
  readonly ready: number
  readonly starting: number
  readonly draining: number
  readonly desired: number
  readonly inFlight: number
  readonly queued: number
  readonly requests: number
  readonly lastColdStartMs: number | undefined
  readonly active: 'inactive' | 'activating' | 'active'
  /** Inactive because it did not come up in time. */
  readonly timedOut: boolean
  /** The latest failed start, until one succeeds. */
  readonly failure: StartFailure | undefined
}

/** What a revision is made of. */
export interface RevisionOptions extends ReplicaSetOptions {
  readonly config: ClusterConfig
  /** Replicas came, went or failed, or the autoscaler changed its mind. */
  readonly onState: () => void
}

/** One immutable version of a function. */
export interface Revision {
  readonly name: string
  readonly service: ServiceResource
  /** Counts the request in; runs, holds or refuses it. Each admission must `leave` once. */
  admit(admission: Admission): void
  /** The replica turned out to be gone before it saw the request: runs, holds or refuses it anew. */
  readmit(admission: Admission): void
  /** The request ended, whatever its fate. */
  leave(admission: Admission): void
  /** The autoscaler's regular decision. */
  tick(): void
  /** Whether the activator is in the path of requests now. */
  proxied(): boolean
  /** Starts this many replicas, and again after failures, until so many were ready at once; 0 gives up. */
  prove(replicas: number): void
  /** Nothing is routed here any more: the autoscaler brings it to zero, whatever its bounds say. */
  retire(): void
  /** Routed to again. */
  revive(): void
  numbers(): RevisionNumbers
  /** Lets every request finish, those that wait too, then stops for good. */
  end(): Promise<void>
  close(limits: DrainLimits): Promise<void>
}

/** A revision could not be brought up; `failure.tail` is the end of its log. */
export class StartError extends Error {
  override readonly name = 'StartError'
  readonly code = 'revision_not_ready'
  readonly failure: StartFailure

  constructor(revision: string, failure: StartFailure) {
    super([`revision ${revision} did not start: ${failure.message}`, ...failure.tail].join('\n'))
    this.failure = failure
  }
}

/** Requests held while no replica is ready; beyond it they are refused, to bound memory. */
const MAX_HELD = 10_000
/** Queue-proxy's depth: for each request that may run, ten may wait. */
const QUEUE_FACTOR = 10
const OVERFLOW: Refusal = { status: 503, text: 'pending request queue full' }
const CLOSING: Refusal = { status: 503, text: 'shutting down' }

/** A revision at zero replicas; the first tick brings it to its lower bound. */
export function createRevision(options: RevisionOptions): Revision {
  const { name, service, clock, config, onState } = options
  const { annotations, containerConcurrency } = service.template
  const settings = readScaleSettings(service.template, config.autoscaler)
  const autoscaler = createAutoscaler({
    settings,
    clock,
    progressDeadlineMs: progressDeadlineMs(annotations, config.progressDeadlineMs),
  })
  const replicas = createReplicaSet(options, { onReady, onFailed, onLost })
  const waiting = new Set<Admission>()
  const running = new Map<Admission, Replica>()
  let proving = 0
  let want = 0
  let inFlight = 0
  let requests = 0
  let closing = false
  let onNoneWaiting = (): void => {}
  let lastColdStartMs: number | undefined

  function admit(admission: Admission): void {
    requests++
    autoscaler.change(++inFlight, true)
    place(admission)
  }

  function readmit(admission: Admission): void {
    const replica = running.get(admission)
    if (!replica) return
    running.delete(admission)
    replica.inFlight--
    replica.lost()
    place(admission)
  }

  function place(admission: Admission): void {
    const replica = waiting.size === 0 ? replicas.pick() : undefined
    if (replica) {
      run(admission, replica)
      return
    }
    const counts = replicas.counts()
    const none = counts.ready + counts.starting === 0
    const refusal = closing ? CLOSING : (overflow(counts.ready) ?? (none ? blocked() : undefined))
    if (refusal) {
      admission.refuse(refusal)
      return
    }
    waiting.add(admission)
    if (none) scaleTo(autoscaler.poke(counts), 'cold start')
  }

  /** The activator holds as many as it can; without it, each queue-proxy has a queue (here they share all of them). */
  function overflow(ready: number): Refusal | undefined {
    const bounded = ready > 0 && containerConcurrency > 0 && !autoscaler.proxied()
    const depth = bounded ? ready * containerConcurrency * QUEUE_FACTOR : MAX_HELD
    return waiting.size >= depth ? OVERFLOW : undefined
  }

  /** Why no start is tried now. */
  function blocked(): Refusal | undefined {
    const failure = replicas.failure()
    const ms = replicas.blockedMs()
    if (!failure || ms === 0) return undefined
    return {
      status: 503,
      text: `revision ${name} did not start: ${failure.message} (${failure.reason}); its log has the reason`,
      retryAfter: Math.ceil(ms / 1_000),
    }
  }

  function run(admission: Admission, replica: Replica): void {
    replica.inFlight++
    running.set(admission, replica)
    admission.run(replica)
  }

  function leave(admission: Admission): void {
    autoscaler.change(--inFlight, false)
    if (waiting.delete(admission) && waiting.size === 0) onNoneWaiting()
    const replica = running.get(admission)
    if (replica) {
      running.delete(admission)
      if (--replica.inFlight === 0) replica.idle()
      dispatch()
    }
  }

  function dispatch(): void {
    for (const admission of waiting) {
      const replica = replicas.pick()
      if (!replica) return
      waiting.delete(admission)
      run(admission, replica)
    }
    onNoneWaiting()
  }

  function refuseAll(refusal: Refusal): void {
    const held = [...waiting]
    waiting.clear()
    onNoneWaiting()
    for (const admission of held) admission.refuse(refusal)
  }

  function scaleTo(wanted: number, reason: string): void {
    const before = want
    want = Math.max(wanted, proving)
    const { ready, starting } = replicas.counts()
    if (want > 0 && ready + starting === 0) autoscaler.activate()
    replicas.scaleTo(want, reason)
    if (want !== before) onState()
  }

  function onReady(startMs: number): void {
    const { ready } = replicas.counts()
    if (ready === 1) lastColdStartMs = startMs
    if (ready >= proving) proving = 0
    dispatch()
    onState()
  }

  function onFailed(): void {
    const { ready, starting } = replicas.counts()
    const refusal = blocked()
    if (ready + starting === 0 && refusal) refuseAll(refusal)
    onState()
  }

  /** An idle function that fell is not started again for nobody; a wanted one is. */
  function onLost(how: string): void {
    const { ready, starting } = replicas.counts()
    const idle = ready + starting === 0 && waiting.size === 0
    scaleTo(idle ? autoscaler.floor() : want, how)
    onState()
  }

  function tick(): void {
    if (closing) return
    const counts = replicas.counts()
    const before = autoscaler.phase()
    const wanted = autoscaler.tick(counts)
    if (autoscaler.phase() !== before) onState()
    const fallen = replicas.failure() !== undefined && counts.ready + counts.starting === 0
    if (waiting.size > 0) scaleTo(Math.max(1, wanted), 'load')
    else scaleTo(fallen ? autoscaler.floor() : wanted, wanted === 0 ? 'idle' : 'load')
  }

  function prove(wanted: number): void {
    proving = replicas.counts().ready >= wanted ? 0 : wanted
    if (proving > 0) replicas.forgive()
    if (!closing) scaleTo(wanted === 0 ? 0 : want, 'deployment')
  }

  /** What was not ready yet need not become so. */
  function retire(): void {
    proving = 0
    autoscaler.setReachable(false)
    if (inFlight === 0 && replicas.counts().ready === 0) scaleTo(0, 'replaced')
  }

  /** Those that wait have a time limit of their own, those that run the drain's. */
  async function end(): Promise<void> {
    retire()
    if (waiting.size > 0) {
      await new Promise<void>(resolve => {
        onNoneWaiting = resolve
      })
    }
    const ms = service.template.timeoutSeconds * 1_000
    await close({ requestsMs: ms, terminationMs: ms })
  }

  async function close(limits: DrainLimits): Promise<void> {
    closing = true
    refuseAll(CLOSING)
    await replicas.close(limits)
  }

  return {
    name,
    service,
    admit,
    readmit,
    leave,
    tick,
    proxied: autoscaler.proxied,
    prove,
    retire,
    revive: () => autoscaler.setReachable(true),
    numbers: () => ({
      ...replicas.counts(),
      desired: want,
      inFlight,
      queued: waiting.size,
      requests,
      lastColdStartMs,
      active: autoscaler.phase().phase,
      timedOut: autoscaler.phase().timedOut === true,
      failure: replicas.failure(),
    }),
    end,
    close,
  }
}
