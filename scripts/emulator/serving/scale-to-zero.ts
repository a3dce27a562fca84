/** When the last replica may go: Knative's three phases (serving pkg/reconciler/autoscaling/kpa/scaler.go). */
import { SCALE_TO_ZERO_GRACE_MS, type ScaleSettings } from './scale-settings.ts'

/** The `Active` condition of a revision: `activating` is Unknown, with reason `Queued`. */
export interface ActivePhase {
  readonly phase: 'inactive' | 'activating' | 'active'
  readonly since: number
}

/** What is known at a tick; `desired` is already bounded. */
export interface PhaseInput {
  readonly now: number
  readonly desired: number
  readonly readyReplicas: number
  /** Since when the activator is in the path; undefined when it is not. */
  readonly proxiedSince: number | undefined
  readonly progressDeadlineMs: number
}

/** The next phase and the number of replicas to have. */
export function settlePhase(
  settings: ScaleSettings,
  current: ActivePhase,
  input: PhaseInput,
): { phase: ActivePhase; want: number } {
  const { now, desired, readyReplicas } = input
  const enter = (phase: ActivePhase['phase']): ActivePhase =>
    current.phase === phase ? current : { phase, since: now }
  if (desired > 0) {
    const threshold = Math.max(settings.minScale, 1)
    return { phase: enter(readyReplicas >= threshold ? 'active' : 'activating'), want: desired }
  }
  if (!settings.scaleToZero) return { phase: enter('active'), want: 1 }
  const age = now - current.since
  switch (current.phase) {
    case 'activating':
      if (readyReplicas > 0) return { phase: enter('active'), want: 1 }
      return age >= input.progressDeadlineMs + SCALE_TO_ZERO_GRACE_MS
        ? { phase: enter('inactive'), want: 0 }
        : { phase: current, want: 1 }
    case 'active':
      return { phase: age < settings.windowMs ? current : enter('inactive'), want: 1 }
    case 'inactive':
      return { phase: current, want: mayGo(settings, age, input) ? 0 : Math.min(1, readyReplicas) }
  }
}

/** The full wait, or the fast path of a revision that was behind the activator long enough already. */
function mayGo(settings: ScaleSettings, age: number, { now, proxiedSince }: PhaseInput): boolean {
  if (settings.targetBurstCapacity < 0) return true
  if (age >= Math.max(SCALE_TO_ZERO_GRACE_MS, settings.retentionMs)) return true
  const proxied = proxiedSince !== undefined && now - proxiedSince >= SCALE_TO_ZERO_GRACE_MS
  return age >= settings.retentionMs && proxied
}
