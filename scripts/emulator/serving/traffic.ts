/** Which revisions `spec.traffic` means now, or why it means none (serving pkg/reconciler/route/traffic/traffic.go). */
import type { ConditionStatus } from '../control/conditions.ts'
import type { TrafficTarget } from '../manifests/types.ts'
import type { Share } from './rollout.ts'

/** A target with its revision. */
export interface ResolvedTarget extends Share {
  readonly latest: boolean
  readonly tag?: string
}

/** Why traffic cannot be assigned: the Route's condition `AllTrafficAssigned`. */
export interface TrafficProblem {
  readonly status: ConditionStatus
  readonly reason: string
  readonly message: string
}

/** What traffic is resolved against. */
export interface TrafficWorld {
  readonly configuration: string
  readonly configurationReady: ConditionStatus
  readonly latestReady: string | undefined
  /** Undefined when there is no such revision; `foreign` when another Service has it. */
  readiness(revision: string): ConditionStatus | 'foreign' | undefined
}

/** All targets of one host: the share of each revision. */
export type Split = readonly Share[]

/** The key of the host without a tag. */
export const DEFAULT_TAG = ''

/** Resolves every target; a failure counts more than something that is still to come. */
export function resolveTraffic(
  traffic: readonly TrafficTarget[],
  world: TrafficWorld,
): { readonly targets: readonly ResolvedTarget[] } | { readonly problem: TrafficProblem } {
  const targets: ResolvedTarget[] = []
  let problem: TrafficProblem | undefined
  for (const target of traffic) {
    const found = target.latestRevision ? latest(world) : named(target.revisionName ?? '', world)
    if (typeof found === 'string') {
      add(targets, {
        revision: found,
        percent: target.percent,
        latest: target.latestRevision,
        ...(target.tag !== undefined && { tag: target.tag }),
      })
    } else if (!problem || found.status === 'False') problem = found
  }
  return problem ? { problem } : { targets }
}

/** The shares of each host by tag: `''` is the split of all; a tag's own target has all of its host. */
export function toSplits(targets: readonly ResolvedTarget[]): Map<string, ResolvedTarget[]> {
  const splits = new Map<string, ResolvedTarget[]>([[DEFAULT_TAG, []]])
  for (const target of targets) {
    const all = splits.get(DEFAULT_TAG) ?? []
    const same = all.findIndex(({ revision }) => revision === target.revision)
    const before = all[same]
    if (before) all[same] = { ...before, percent: before.percent + target.percent }
    else all.push(target)
    if (target.tag !== undefined) splits.set(target.tag, [{ ...target, percent: 100 }])
  }
  return splits
}

/** Chooses by percent; `point` is in [0, 1). */
export function chooseShare(split: Split, point: number): Share | undefined {
  if (split.length === 1) return split[0]
  let rest = point * 100
  for (const share of split) {
    rest -= share.percent
    if (rest < 0) return share
  }
  return split.findLast(({ percent }) => percent > 0)
}

function latest({
  configuration,
  configurationReady,
  latestReady,
}: TrafficWorld): string | TrafficProblem {
  if (latestReady !== undefined) return latestReady
  const name = JSON.stringify(configuration)
  return configurationReady === 'False'
    ? missing('False', `Configuration ${name} does not have any ready Revision.`)
    : missing('Unknown', `Configuration ${name} is waiting for a Revision to become ready.`)
}

function named(revision: string, world: TrafficWorld): string | TrafficProblem {
  const name = JSON.stringify(revision)
  switch (world.readiness(revision)) {
    case 'True':
      return revision
    case 'Unknown':
      return missing('Unknown', `Revision ${name} is not yet ready.`)
    case 'False':
      return missing('False', `Revision ${name} failed to become ready.`)
    case 'foreign':
      return {
        status: 'False',
        reason: 'RevisionNotOwned',
        message: `Revision ${name} referenced in traffic is not owned by Configuration ${JSON.stringify(world.configuration)}.`,
      }
    case undefined:
      return missing('False', `Revision ${name} referenced in traffic not found.`)
  }
}

const missing = (status: ConditionStatus, message: string): TrafficProblem => ({
  status,
  reason: 'RevisionMissing',
  message,
})

/** Equal targets are one. */
function add(targets: ResolvedTarget[], target: ResolvedTarget): void {
  const same = targets.findIndex(
    each =>
      each.revision === target.revision && each.tag === target.tag && each.latest === target.latest,
  )
  const before = targets[same]
  if (before) targets[same] = { ...before, percent: before.percent + target.percent }
  else targets.push(target)
}
