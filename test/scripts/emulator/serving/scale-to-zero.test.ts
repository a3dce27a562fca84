import { expect, test } from 'vitest'
import { readScaleSettings } from '../../../../scripts/emulator/serving/scale-settings.ts'
import { type PhaseInput, settlePhase } from '../../../../scripts/emulator/serving/scale-to-zero.ts'

const settings = readScaleSettings({ annotations: {}, containerConcurrency: 0 })
const idle: PhaseInput = {
  now: 0,
  desired: 0,
  readyReplicas: 1,
  threshold: 1,
  proxiedSince: undefined,
  progressDeadlineMs: 600_000,
}

test('an active revision keeps one replica for the window, is then inactive, and goes after the grace', () => {
  const active = { phase: 'active', since: 0 } as const
  expect(settlePhase(settings, active, { ...idle, now: 59_999 })).toEqual({
    phase: active,
    want: 1,
  })
  const marked = settlePhase(settings, active, { ...idle, now: 60_000 })
  expect(marked).toEqual({ phase: { phase: 'inactive', since: 60_000 }, want: 1 })
  expect(settlePhase(settings, marked.phase, { ...idle, now: 89_999 }).want).toBe(1)
  expect(settlePhase(settings, marked.phase, { ...idle, now: 90_000 }).want).toBe(0)
})

test('a revision that was behind the activator for the grace period goes at once', () => {
  const inactive = { phase: 'inactive', since: 60_000 } as const
  const input = { ...idle, now: 60_001, proxiedSince: 30_001 }
  expect(settlePhase(settings, inactive, input).want).toBe(0)
  expect(settlePhase(settings, inactive, { ...input, proxiedSince: 30_002 }).want).toBe(1)
  const kept = { ...settings, retentionMs: 10_000 }
  expect(settlePhase(kept, inactive, { ...input, now: 69_999, proxiedSince: 0 }).want).toBe(1)
  expect(settlePhase(kept, inactive, { ...input, now: 70_000, proxiedSince: 0 }).want).toBe(0)
})

test('an activation that never comes up is given up after the deadline and the grace', () => {
  const activating = { phase: 'activating', since: 0 } as const
  const input = { ...idle, readyReplicas: 0 }
  expect(settlePhase(settings, activating, { ...input, now: 629_999 }).want).toBe(1)
  expect(settlePhase(settings, activating, { ...input, now: 630_000 }).want).toBe(0)
})

test('the HPA class never goes to zero', () => {
  const hpa = readScaleSettings({
    annotations: { 'autoscaling.knative.dev/class': 'hpa.autoscaling.knative.dev' },
    containerConcurrency: 0,
  })
  expect(settlePhase(hpa, { phase: 'inactive', since: 0 }, { ...idle, now: 1e9 }).want).toBe(1)
})
