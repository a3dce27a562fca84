/** A Route: how requests are shared among Revisions, now and while a new one is being rolled out. */
import type { Cancel, Clock } from '../clock.ts'
import { type ConditionSet, createConditions } from '../control/conditions.ts'
import { createIdentity, type Identity } from '../control/object.ts'
import type { TrafficTarget } from '../manifests/types.ts'
import { type Rollout, stepRollout } from './rollout.ts'
import {
  chooseShare,
  DEFAULT_TAG,
  type ResolvedTarget,
  resolveTraffic,
  type Split,
  type TrafficWorld,
  toSplits,
} from './traffic.ts'

/** A Route. */
export interface Route {
  readonly identity: Identity
  readonly conditions: ConditionSet
  /** What `status.traffic` lists. */
  targets(): readonly ResolvedTarget[]
  /** Revisions that any host leads to. */
  routed(): ReadonlySet<string>
  tags(): string[]
  /** The Revision for a request to the Service's host, or a tag's; `point` is in [0, 1). */
  choose(tag: string | undefined, point: number): string | undefined
  /** Assigns traffic anew; what was assigned holds on while that cannot be. */
  refresh(traffic: readonly TrafficTarget[], world: TrafficWorld, rolloutMs: number): void
  close(): void
}

const TLS_OFF = { reason: 'TLSNotEnabled', message: 'external-domain-tls is not enabled' }
const TLS_LOCAL = { reason: 'TLSNotEnabled', message: 'TLS is not enabled for cluster-local' }
const ROLLING = {
  reason: 'RolloutInProgress',
  message: 'A gradual rollout of the latest revision(s) is in progress.',
}

/** A Route to nowhere; `onStep` is called when a rollout's next step is due. */
export function createRoute({
  clock,
  traffic: initial,
  clusterLocal,
  onStep,
}: {
  clock: Clock
  traffic: readonly TrafficTarget[]
  clusterLocal: () => boolean
  onStep: () => void
}): Route {
  const dependents = ['AllTrafficAssigned', 'IngressReady', 'CertificateProvisioned']
  const conditions = createConditions({ clock, dependents })
  const identity = createIdentity(clock, initial)
  let targets: readonly ResolvedTarget[] = []
  let splits: ReadonlyMap<string, Split> = new Map()
  let rollouts: ReadonlyMap<string, Rollout> = new Map()
  let nextStep: Cancel = () => {}

  function refresh(
    traffic: readonly TrafficTarget[],
    world: TrafficWorld,
    rolloutMs: number,
  ): void {
    identity.update(traffic)
    conditions.set('CertificateProvisioned', 'True', clusterLocal() ? TLS_LOCAL : TLS_OFF)
    const result = resolveTraffic(traffic, world)
    if ('problem' in result) {
      conditions.set('AllTrafficAssigned', result.problem.status, result.problem)
      return
    }
    conditions.set('AllTrafficAssigned', 'True')
    forget(revision => world.readiness(revision) === undefined)
    assign(result.targets, rolloutMs)
    const isRolling = [...rollouts.values()].some(({ shares }) => shares.length > 1)
    if (isRolling) conditions.set('IngressReady', 'Unknown', ROLLING)
    else conditions.set('IngressReady', 'True')
  }

  /** What was deleted takes no more part in a rollout; its share is the latest one's. */
  function forget(isGone: (revision: string) => boolean): void {
    rollouts = new Map(
      [...rollouts].flatMap(([tag, { shares, step }]) => {
        const kept = shares.filter(({ revision }) => !isGone(revision))
        return kept.length === 0 ? [] : [[tag, { shares: kept, ...(step && { step }) }] as const]
      }),
    )
  }

  function assign(resolved: readonly ResolvedTarget[], durationMs: number): void {
    const now = clock.now()
    const nextRollouts = new Map<string, Rollout>()
    const nextSplits = new Map<string, Split>()
    for (const [tag, split] of toSplits(resolved)) {
      const goal = split.find(({ latest }) => latest)
      if (goal) {
        nextRollouts.set(tag, stepRollout(rollouts.get(tag), { goal, now, durationMs }))
      }
      const shares = nextRollouts.get(tag)?.shares ?? []
      nextSplits.set(
        tag,
        split.flatMap(share => (share === goal ? shares : [share])),
      )
    }
    rollouts = nextRollouts
    splits = nextSplits
    targets = expand(resolved, nextRollouts.get(DEFAULT_TAG))
    nextStep()
    const due = [...rollouts.values()].flatMap(({ step }) => (step ? [step.nextAt] : []))
    nextStep = due.length === 0 ? () => {} : clock.after(Math.min(...due) - now, onStep)
  }

  return {
    identity,
    conditions,
    targets: () => targets,
    routed: () => new Set([...splits.values()].flat().map(({ revision }) => revision)),
    tags: () => [...splits.keys()].filter(tag => tag !== DEFAULT_TAG),
    choose: (tag = DEFAULT_TAG, point) => {
      const split = splits.get(tag)
      return split && chooseShare(split, point)?.revision
    },
    refresh,
    close: () => nextStep(),
  }
}

/** A target that is being rolled out is listed once for each of its revisions. */
function expand(
  targets: readonly ResolvedTarget[],
  rollout: Rollout | undefined,
): readonly ResolvedTarget[] {
  const rolling = targets.filter(({ latest }) => latest)
  if (rolling.length !== 1 || !rollout) return targets
  return targets.flatMap(target =>
    target.latest ? rollout.shares.map(share => ({ ...target, ...share })) : [target],
  )
}
