/** Polls a starting replica until it can serve; fast at first, because every millisecond is waited for. */
import type { Probe } from '../manifests/types.ts'
import { pause } from './pause.ts'
import { type ProbeTarget, tryProbe } from './probe.ts'

/** Fast is a start that requests wait for; slow is a replica that had been ready before. */
export type Pace = 'fast' | 'slow'

const FIRST_POLL_MS = 3
/** Of Knative's aggressive mode. */
const MAX_POLL_MS = 50
const AGGRESSIVE_TIMEOUT_MS = 100
/** Fast polling lasts about as long as a usual start. */
const FAST_POLLS = 100
const BACKOFF = 1.2
/** The activator asks queue-proxy so often, which asks the process each time whatever its period is. */
const ACTIVATOR_POLL_MS = 200

/** Resolves true when the probe passed, false when the signal stopped it first. */
export async function awaitReadiness(
  probe: Probe,
  target: ProbeTarget,
  signal: AbortSignal,
  pace: Pace = 'fast',
): Promise<boolean> {
  const limitMs = toLimitMs(probe)
  let waitMs = toFirstWaitMs(probe, pace)
  let passed = 0
  for (let polls = 0; !signal.aborted; polls++) {
    passed = (await tryProbe(probe, target, limitMs)) === undefined ? passed + 1 : 0
    if (passed >= probe.successThreshold) return !signal.aborted
    await pause(waitMs, signal)
    if (polls > FAST_POLLS) waitMs = Math.max(waitMs, Math.min(MAX_POLL_MS, waitMs * BACKOFF))
  }
  return false
}

/** How long one try may take. */
export function toLimitMs({ kind, periodSeconds, timeoutSeconds }: Probe): number {
  return periodSeconds === 0 && kind !== 'exec' ? AGGRESSIVE_TIMEOUT_MS : timeoutSeconds * 1_000
}

/** Commands are run by the kubelet alone, in its own time. */
function toFirstWaitMs({ kind, periodSeconds }: Probe, pace: Pace): number {
  if (kind === 'exec') return (periodSeconds || KUBELET_PERIOD_SECONDS) * 1_000
  return pace === 'fast' ? FIRST_POLL_MS : ACTIVATOR_POLL_MS
}

/** What Kubernetes takes when nothing is said. */
export const KUBELET_PERIOD_SECONDS = 10
