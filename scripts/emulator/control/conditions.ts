/** Conditions of a resource, with the summary that Knative computes from them: `pkg/apis/condition_set.go`. */
import type { Clock } from '../clock.ts'
import { toTimestamp } from './object.ts'

/** `True` is good, `False` has failed, `Unknown` is not there yet. */
export type ConditionStatus = 'True' | 'False' | 'Unknown'

/** One line of `status.conditions`. */
export interface Condition {
  readonly type: string
  readonly status: ConditionStatus
  readonly reason?: string
  readonly message?: string
  /** Absent is an error: it decides over the summary. */
  readonly severity?: 'Info'
  /** RFC 3339. */
  readonly lastTransitionTime: string
}

/** Why a condition is not True. */
export interface Reason {
  readonly reason: string
  readonly message: string
}

/** The conditions of one object. */
export interface ConditionSet {
  /** Says how one stands; the time of transition changes only with its status. */
  set(type: string, status: ConditionStatus, why?: Partial<Reason>): void
  /** Sorted by type, `Ready` included. */
  list(): Condition[]
  ready(): ConditionStatus
}

/** Conditions that are all Unknown at first. `dependents` decide over `Ready`; any other type is informational. */
export function createConditions({
  clock,
  dependents,
}: {
  clock: Clock
  dependents: readonly string[]
}): ConditionSet {
  const conditions = new Map<string, Condition>()
  /** The order of changes, for the latest failure is the one that `Ready` repeats. */
  let changes: string[] = []
  for (const type of dependents) put(type, 'Unknown', {})
  summarize()

  function put(
    type: string,
    status: ConditionStatus,
    { reason, message }: Partial<Reason>,
  ): boolean {
    const before = conditions.get(type)
    const same = before?.status === status
    if (same && before.reason === reason && before.message === message) return false
    const isInfo = type !== 'Ready' && !dependents.includes(type)
    conditions.set(type, {
      type,
      status,
      ...(isInfo && { severity: 'Info' as const }),
      lastTransitionTime: same ? before.lastTransitionTime : toTimestamp(clock.now()),
      ...(reason !== undefined && { reason }),
      ...(message !== undefined && { message }),
    })
    return true
  }

  function summarize(): void {
    const latestFirst = changes.flatMap(type => conditions.get(type) ?? []).reverse()
    const cause =
      latestFirst.find(({ status }) => status === 'False') ??
      latestFirst.find(({ status }) => status === 'Unknown') ??
      dependents.flatMap(type => conditions.get(type) ?? []).find(each => each.status !== 'True')
    put('Ready', cause?.status ?? 'True', cause ?? {})
  }

  return {
    set(type, status, why = {}) {
      if (!put(type, status, why) || !dependents.includes(type)) return
      changes = [...changes.filter(each => each !== type), type]
      summarize()
    },
    list: () => [...conditions.values()].sort((a, b) => (a.type < b.type ? -1 : 1)),
    ready: () => conditions.get('Ready')?.status ?? 'Unknown',
  }
}
