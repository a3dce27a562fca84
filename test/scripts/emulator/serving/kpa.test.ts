import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  bound,
  decide,
  INITIAL_KPA_STATE,
  type KpaState,
} from '../../../../scripts/emulator/serving/kpa.ts'
import {
  readScaleSettings,
  type ScaleSettings,
} from '../../../../scripts/emulator/serving/scale-settings.ts'

const defaults = readScaleSettings({ annotations: {}, containerConcurrency: 0 })

const anySettings = fc.record({
  target: fc.integer({ min: 1, max: 50 }),
  activation: fc.integer({ min: 2, max: 9 }).map(value => (value > 5 ? undefined : value)),
  delay: fc.constantFrom('0s', '6s', '20s'),
  window: fc.constantFrom('6s', '30s', '60s'),
})
const anyLoad = fc.array(
  fc.record({
    stable: fc.double({ min: 0, max: 400, noNaN: true }),
    panic: fc.double({ min: 0, max: 400, noNaN: true }),
    ready: fc.integer({ min: 0, max: 12 }),
  }),
  { minLength: 1, maxLength: 40 },
)

test('the decisions equal a naive reading of the formulas over any history', () => {
  fc.assert(
    fc.property(anySettings, anyLoad, fc.boolean(), (given, loads, reachable) => {
      const settings = toSettings(given)
      let state: KpaState = INITIAL_KPA_STATE
      const naive = createNaive(settings, reachable)
      loads.forEach(({ stable, panic, ready }, index) => {
        const now = 1_000_000 + index * 2_000
        const input = { now, averages: { stable, panic }, readyReplicas: ready, reachable }
        const decision = decide(settings, state, input)
        state = decision.state
        expect(decision.desired).toBe(naive(now, stable, panic, ready))
      })
    }),
  )
})

test('panic never scales down until a whole window passed without cause', () => {
  const at = (
    now: number,
    panic: number,
    ready: number,
    state: KpaState,
  ): ReturnType<typeof decide> =>
    decide(defaults, state, {
      now,
      averages: { stable: 1, panic },
      readyReplicas: ready,
      reachable: true,
    })
  const first = at(0, 700, 1, INITIAL_KPA_STATE)
  expect(first.desired).toBe(10)
  const calm = at(60_000, 1, 10, first.state)
  expect(calm.desired).toBe(10)
  const later = at(60_001, 1, 10, calm.state)
  expect(later.desired).toBe(5)
})

test('cause for panic during panic extends it', () => {
  const input = { averages: { stable: 1, panic: 200 }, readyReplicas: 1, reachable: true }
  const first = decide(defaults, INITIAL_KPA_STATE, { ...input, now: 0 })
  const second = decide(defaults, first.state, { ...input, now: 50_000 })
  expect(second.state.panicAt).toBe(50_000)
})

test('a replica for one request with containerConcurrency 1 is two, as utilisation asks', () => {
  const settings = readScaleSettings({ annotations: {}, containerConcurrency: 1 })
  expect(settings.target).toBeCloseTo(0.7)
  const input = {
    now: 0,
    averages: { stable: 1, panic: 1 },
    readyReplicas: 0,
    reachable: true,
  }
  expect(decide(settings, INITIAL_KPA_STATE, input).desired).toBe(2)
})

test('bounds hold: max over min, initial until it was reached, and none when unreachable', () => {
  const settings = toSettings(
    { target: 10, activation: undefined, delay: '0s', window: '60s' },
    {
      'autoscaling.knative.dev/min-scale': '2',
      'autoscaling.knative.dev/max-scale': '5',
      'autoscaling.knative.dev/initial-scale': '4',
    },
  )
  const reached = { reachable: true, initialReached: true }
  expect(bound(settings, 0, reached)).toBe(2)
  expect(bound(settings, 9, reached)).toBe(5)
  expect(bound(settings, 0, { reachable: true, initialReached: false })).toBe(4)
  expect(bound(settings, 0, { reachable: false, initialReached: false })).toBe(0)
})

test('the target is the container concurrency when that is smaller, and a legacy spelling counts', () => {
  const of = (annotations: Record<string, string>, containerConcurrency: number): number =>
    readScaleSettings({ annotations, containerConcurrency }).total
  expect(of({}, 0)).toBe(100)
  expect(of({}, 8)).toBe(8)
  expect(of({ 'autoscaling.knative.dev/target': '20' }, 8)).toBe(8)
  expect(of({ 'autoscaling.knative.dev/metric': 'rps' }, 8)).toBe(200)
  const legacy = { 'autoscaling.knative.dev/minScale': '3' }
  expect(readScaleSettings({ annotations: legacy, containerConcurrency: 0 }).minScale).toBe(3)
})

function toSettings(
  given: { target: number; activation: number | undefined; delay: string; window: string },
  more: Record<string, string> = {},
): ScaleSettings {
  const prefix = 'autoscaling.knative.dev'
  return readScaleSettings({
    containerConcurrency: 0,
    annotations: {
      [`${prefix}/target`]: String(given.target),
      [`${prefix}/scale-down-delay`]: given.delay,
      [`${prefix}/window`]: given.window,
      ...(given.activation !== undefined && {
        [`${prefix}/activation-scale`]: String(given.activation),
      }),
      ...more,
    },
  })
}

/** The text of the formulas, line by line, with a history instead of folded state. */
function createNaive(
  settings: ScaleSettings,
  reachable: boolean,
): (now: number, stable: number, panic: number, readyPods: number) => number {
  let panicking = false
  let panicTime = 0
  let maxPanicPods = 0
  const history: { now: number; desired: number }[] = []
  return (now, stableAvg, panicAvg, readyPods) => {
    const ready = Math.max(1, readyPods)
    const up = Math.ceil(1000 * ready)
    const down = reachable ? Math.floor(ready / 2) : 0
    const dspc = Math.ceil(stableAvg / settings.target)
    const dppc = Math.ceil(panicAvg / settings.target)
    let s = Math.min(Math.max(dspc, down), up)
    let pn = Math.min(Math.max(dppc, down), up)
    if (settings.activationScale > 1) {
      if (dspc > 0) s = Math.max(s, settings.activationScale)
      if (dppc > 0) pn = Math.max(pn, settings.activationScale)
    }
    if (dppc / ready >= 2) {
      panicking = true
      panicTime = now
    } else if (panicking && panicTime + settings.windowMs < now) {
      panicking = false
      maxPanicPods = 0
    }
    let desired = s
    if (panicking) {
      maxPanicPods = Math.max(maxPanicPods, s, pn)
      desired = maxPanicPods
    }
    history.push({ now, desired })
    if (!reachable || settings.scaleDownDelayMs === 0) return desired
    const bucket = (time: number): number => Math.floor(time / 2_000)
    const buckets = Math.ceil(settings.scaleDownDelayMs / 2_000)
    const recent = history.filter(each => bucket(now) - bucket(each.now) < buckets)
    return Math.max(...recent.map(each => each.desired))
  }
}
