/** Follows the probes of one process: startup first, then readiness and liveness beside each other, in real time. */
import type { Probe, RevisionTemplate } from '../manifests/types.ts'
import { pause } from './pause.ts'
import { type ProbeResult, type ProbeTarget, tryProbe } from './probe.ts'
import { awaitReadiness, KUBELET_PERIOD_SECONDS, toLimitMs } from './readiness.ts'

/** The probes of a template. */
export type Probes = Pick<RevisionTemplate, 'readinessProbe' | 'livenessProbe' | 'startupProbe'>

/** What the probes say; `how` names the probe and what it last saw. */
export interface HealthEvents {
  /** It can serve, for the first time or again. */
  onReady(): void
  /** It cannot serve any more; it is asked on. */
  onUnready(how: string): void
  /** It will never be well: started too slowly, or dead while it runs. Nothing is asked any more. */
  onSick(how: string): void
}

/** Asks until the signal stops it. */
export async function followHealth(
  { readinessProbe, livenessProbe, startupProbe }: Probes,
  target: ProbeTarget,
  signal: AbortSignal,
  events: HealthEvents,
): Promise<void> {
  const begun = performance.now()
  const delay = ({ initialDelaySeconds }: Probe): Promise<void> | undefined => {
    const restMs = begun + initialDelaySeconds * 1_000 - performance.now()
    return initialDelaySeconds > 0 && restMs > 0 ? pause(restMs, signal) : undefined
  }
  if (startupProbe) {
    await delay(startupProbe)
    const how = await untilStarted(startupProbe)
    if (signal.aborted) return
    if (how !== undefined) return events.onSick(`startup probe failed: ${how}`)
  }
  if (livenessProbe) void watchLiveness(livenessProbe)
  await delay(readinessProbe)
  let pace: 'fast' | 'slow' = 'fast'
  while (await awaitReadiness(readinessProbe, target, signal, pace)) {
    events.onReady()
    const how = await untilFailing(readinessProbe, () => tryReadiness(readinessProbe))
    if (how === undefined) return
    events.onUnready(`readiness probe failed: ${how}`)
    pace = 'slow'
  }

  /** Undefined when it started, or was stopped. */
  async function untilStarted(probe: Probe): Promise<ProbeResult> {
    let failures = 0
    while (!signal.aborted) {
      const how = await tryProbe(probe, target, probe.timeoutSeconds * 1_000)
      if (how === undefined) return undefined
      if (++failures >= probe.failureThreshold) return how
      await pause(probe.periodSeconds * 1_000, signal)
    }
    return undefined
  }

  async function watchLiveness(probe: Probe): Promise<void> {
    await delay(probe)
    const how = await untilFailing(probe, () =>
      tryProbe(probe, target, probe.timeoutSeconds * 1_000),
    )
    if (how !== undefined && !signal.aborted) events.onSick(`liveness probe failed: ${how}`)
  }

  /** The last of so many failures in a row; undefined when it was stopped. */
  async function untilFailing(
    { periodSeconds, failureThreshold }: Probe,
    attempt: () => Promise<ProbeResult>,
  ): Promise<ProbeResult> {
    let failures = 0
    while (!signal.aborted) {
      await pause((periodSeconds || KUBELET_PERIOD_SECONDS) * 1_000, signal)
      if (signal.aborted) return undefined
      const how = await attempt()
      failures = how === undefined ? 0 : failures + 1
      if (how !== undefined && failures >= failureThreshold) return how
    }
    return undefined
  }

  /** In aggressive mode each of the kubelet's questions is asked again and again for ten seconds. */
  async function tryReadiness(probe: Probe): Promise<ProbeResult> {
    const end = performance.now() + (probe.periodSeconds === 0 ? AGGRESSIVE_MS : 0)
    for (;;) {
      const how = await tryProbe(probe, target, toLimitMs(probe))
      if (how === undefined || signal.aborted || performance.now() >= end) return how
      await pause(AGGRESSIVE_POLL_MS, signal)
    }
  }
}

const AGGRESSIVE_MS = 10_000
const AGGRESSIVE_POLL_MS = 50
