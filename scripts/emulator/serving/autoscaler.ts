/** One revision's autoscaler: load in, wanted replicas out. It starts and stops nothing itself. */
import type { Clock } from '../clock.ts'
import { bound, decide, INITIAL_KPA_STATE, type KpaState } from './kpa.ts'
import { createLoadMeter } from './load-meter.ts'
import type { ScaleSettings } from './scale-settings.ts'
import { type ActivePhase, settlePhase } from './scale-to-zero.ts'

/** What the autoscaler sees of the replicas at a tick. */
export interface ReplicaCounts {
  readonly ready: number
  readonly starting: number
}

/** Decides how many replicas a revision should have. */
export interface Autoscaler {
  /** A request arrived or ended; `inFlight` counts held ones too. */
  change(inFlight: number, arrived: boolean): void
  /** The first request at zero; gives the wanted replicas at once. */
  poke(counts: ReplicaCounts): number
  /** The regular decision, every two virtual seconds. */
  tick(counts: ReplicaCounts): number
  /** Replicas are being started, for whatever reason. */
  activate(): void
  /** No longer routed to: bounds do not hold any more. */
  setReachable(reachable: boolean): void
  /** The lower bound, while it holds. */
  floor(): number
  phase(): ActivePhase
  /** Whether the activator is in the path: at zero, and while there is no spare capacity for a burst. */
  proxied(): boolean
}

/** An autoscaler on the virtual clock. */
export function createAutoscaler({
  settings,
  clock,
  progressDeadlineMs,
}: {
  settings: ScaleSettings
  clock: Clock
  progressDeadlineMs: number
}): Autoscaler {
  const meter = createLoadMeter(settings, clock.now())
  let state: KpaState = INITIAL_KPA_STATE
  let phase: ActivePhase = { phase: 'inactive', since: clock.now() }
  let reachable = true
  let initialReached = settings.initialScale === undefined
  let proxiedSince: number | undefined = clock.now()

  function tick({ ready, starting }: ReplicaCounts): number {
    const now = clock.now()
    meter.observe(now, ready + starting > 0)
    const threshold = activeThreshold()
    if (ready >= threshold) initialReached = true
    const averages = meter.averages(now)
    // No data at all: Knative leaves the scale alone, which for nothing running is the lower bound.
    if (averages === undefined) {
      if (ready >= threshold && phase.phase === 'activating')
        phase = { phase: 'active', since: now }
      return Math.max(ready + starting, bound(settings, 0, { reachable, initialReached }))
    }
    const decision = decide(settings, state, { now, averages, readyReplicas: ready, reachable })
    state = decision.state
    const desired = bound(settings, decision.desired, { reachable, initialReached })
    const settled = settlePhase(settings, phase, {
      now,
      desired,
      readyReplicas: ready,
      threshold,
      proxiedSince,
      progressDeadlineMs,
    })
    phase = settled.phase
    const proxied = desired === 0 || decision.excessBurstCapacity < 0
    proxiedSince = proxied ? (proxiedSince ?? now) : undefined
    return settled.want
  }

  const floor = (): number => (reachable ? settings.minScale : 0)

  function activeThreshold(): number {
    const initial = initialReached ? 0 : (settings.initialScale ?? 0)
    return Math.max(1, initial, floor())
  }

  return {
    change: (inFlight, arrived) => meter.change(clock.now(), inFlight, arrived),
    poke: counts => {
      meter.poke(clock.now())
      return Math.max(1, tick(counts))
    },
    tick,
    activate: () => {
      meter.observe(clock.now(), true)
      if (phase.phase === 'inactive') phase = { phase: 'activating', since: clock.now() }
    },
    setReachable: next => {
      reachable = next
    },
    floor,
    phase: () => phase,
    proxied: () => proxiedSince !== undefined,
  }
}
