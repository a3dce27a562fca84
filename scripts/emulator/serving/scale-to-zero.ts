/** When the last replica may go: Knative's three phases (serving pkg/reconciler/autoscaling/kpa/scaler.go). */
import type { ScaleSettings } from './scale-settings.ts'

/** The `Active` condition of a revision: `activating` is Unknown, with reason `Queued`. */
export interface ActivePhase {
  readonly phase: 'inactive' | 'activating' | 'active'
  readonly since: number
  /** Inactive because it never came up, not for want of traffic. */
  readonly timedOut?: true
}

/** What is known at a tick; `desired` is already bounded. */
export interface PhaseInput {
  readonly now: number
  readonly desired: number
  readonly readyReplicas: number
  /** Since when the activator is in the path; undefined when it is not. */
  readonly proxiedSince: number | undefined
  /** Ready replicas that make the revision active: its lower bound, and the initial scale until that was reached. */
  readonly threshold: number
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
    return {
      phase: enter(readyReplicas >= input.threshold ? 'active' : 'activating'),
      want: desired,
    }
  }
  if (!settings.scaleToZero) return { phase: enter('active'), want: 1 }
  const age = now - current.since
  switch (current.phase) {
    case 'activating':
      if (readyReplicas > 0) return { phase: enter('active'), want: 1 }
      return age >= input.progressDeadlineMs + settings.graceMs
        ? { phase: { phase: 'inactive', since: now, timedOut: true }, want: 0 }
        : { phase: current, want: 1 }
    case 'active':
      return { phase: age < settings.windowMs ? current : enter('inactive'), want: 1 }
    case 'inactive':
      return { phase: current, want: mayGo(settings, age, input) ? 0 : Math.min(1, readyReplicas) }
  }
}

/** The full wait, or the fast path of a revision that was behind the activator long enough already. */
function mayGo(settings: ScaleSettings, age: number, { now, proxiedSince }: PhaseInput): boolean {
  if (age >= Math.max(settings.graceMs, settings.retentionMs)) return true
  const proxied = proxiedSince !== undefined && now - proxiedSince >= settings.graceMs
  return age >= settings.retentionMs && proxied
}
