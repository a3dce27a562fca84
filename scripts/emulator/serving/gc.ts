/** Which revisions nobody needs any more (serving pkg/reconciler/gc/gc.go). */
import type { GcConfig } from './cluster-config.ts'

/** What the decision needs to know of a revision. */
export interface GcCandidate {
  readonly name: string
  readonly createdAt: number
  /** When it was routed to last; its creation when it never was. */
  readonly lastActiveAt: number
  /** Routed, pending, the latest ready one, or kept by `serving.knative.dev/no-gc`. */
  readonly needed: boolean
}

/** Names of the revisions to delete, the longest idle first. */
export function findGarbage(
  revisions: readonly GcCandidate[],
  { retainSinceCreateMs, retainSinceLastActiveMs, minNonActive, maxNonActive }: GcConfig,
  now: number,
): string[] {
  const idle = revisions
    .filter(({ needed }) => !needed)
    .sort((a, b) => a.lastActiveAt - b.lastActiveAt)
  const bothDisabled = !(
    Number.isFinite(retainSinceCreateMs) || Number.isFinite(retainSinceLastActiveMs)
  )
  const isStale = ({ createdAt, lastActiveAt }: GcCandidate): boolean =>
    !bothDisabled &&
    (!Number.isFinite(retainSinceCreateMs) || now - createdAt >= retainSinceCreateMs) &&
    (!Number.isFinite(retainSinceLastActiveMs) || now - lastActiveAt >= retainSinceLastActiveMs)
  const floor = Number.isFinite(minNonActive) ? minNonActive : 0
  const garbage = new Set<string>()
  for (const revision of idle) {
    if (idle.length - garbage.size <= floor) break
    if (isStale(revision)) garbage.add(revision.name)
  }
  for (const { name } of idle) {
    if (idle.length - garbage.size <= maxNonActive) break
    garbage.add(name)
  }
  return [...garbage]
}
