import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Clock, createClock } from '../../../../scripts/emulator/clock.ts'
import { createAutoscaler } from '../../../../scripts/emulator/serving/autoscaler.ts'
import { readClusterConfig } from '../../../../scripts/emulator/serving/read-cluster-config.ts'
import { readScaleSettings } from '../../../../scripts/emulator/serving/scale-settings.ts'

const PREFIX = 'autoscaling.knative.dev/'

/** Annotations as numbers, so that the model reads nothing of what it checks. */
const anyAnnotations = fc.record({
  target: fc.integer({ min: 1, max: 30 }),
  utilization: fc.integer({ min: 10, max: 100 }),
  windowSeconds: fc.integer({ min: 6, max: 70 }),
  panicPercent: fc.integer({ min: 1, max: 100 }),
  thresholdPercent: fc.integer({ min: 110, max: 400 }),
  minScale: fc.integer({ min: 0, max: 2 }),
  maxScale: fc.constantFrom(0, 3, 20),
  activation: fc.constantFrom(0, 2, 3),
  delaySeconds: fc.constantFrom(0, 4, 30),
  retentionSeconds: fc.constantFrom(0, 10, 100),
  burst: fc.constantFrom(-1, 0, 20, 211),
  isWeighted: fc.boolean(),
  isRps: fc.boolean(),
})
type Given = typeof anyAnnotations extends fc.Arbitrary<infer T> ? T : never

/** For so many seconds so many requests at a time (or per second). */
const anyTrace = fc.array(
  fc.record({ seconds: fc.integer({ min: 1, max: 90 }), load: fc.integer({ min: 0, max: 120 }) }),
  { minLength: 1, maxLength: 8 },
)

test('the wanted replicas equal a model written from the formulas, over any load', async () => {
  await fc.assert(
    fc.asyncProperty(anyAnnotations, anyTrace, async (given, trace) => {
      const clock = createClock({ scale: 0, start: 1_000_000_000_000 })
      const autoscaler = open(given, clock)
      const model = createModel(given)
      const loads = trace.flatMap(({ seconds, load }) => Array<number>(seconds).fill(load))
      let ready = 1
      autoscaler.activate()
      for (const [second, load] of loads.entries()) {
        give(autoscaler, load, given.isRps)
        await clock.advance(1_000)
        model.record(second, load)
        if (second % 2 === 0) continue
        const want = autoscaler.tick({ ready, starting: 0 })
        const expected = model.tick(second + 1, ready)
        expect({
          second,
          want,
          phase: autoscaler.phase().phase,
          proxied: autoscaler.proxied(),
        }).toEqual({ second, ...expected })
        // Nothing is measured any more without replicas: the trace ends where a request would begin a new one.
        if (want === 0) return
        ready = want
      }
    }),
    { numRuns: 150 },
  )
})

test('the first request at zero is answered with one replica, or as many as the activation scale says', () => {
  const clock = createClock({ scale: 0 })
  const counts = { ready: 0, starting: 0 }
  const plain = createAutoscaler({ settings: read({}), clock, progressDeadlineMs: 600_000 })
  plain.change(1, true)
  expect(plain.poke(counts)).toBe(1)
  const settings = read({ 'activation-scale': '3' })
  const more = createAutoscaler({ settings, clock, progressDeadlineMs: 600_000 })
  more.change(1, true)
  expect(more.poke(counts)).toBe(3)
})

test('without any data the scale is left alone', () => {
  const clock = createClock({ scale: 0 })
  const autoscaler = createAutoscaler({
    settings: read({}),
    clock,
    progressDeadlineMs: 600_000,
  })
  expect(autoscaler.tick({ ready: 0, starting: 0 })).toBe(0)
  expect(autoscaler.tick({ ready: 3, starting: 1 })).toBe(4)
})

test('what never comes up is given up after the progress deadline and the grace, and said to have timed out', async () => {
  const clock = createClock({ scale: 0 })
  const autoscaler = createAutoscaler({
    settings: read({}),
    clock,
    progressDeadlineMs: 60_000,
  })
  autoscaler.activate()
  await clock.advance(88_000)
  expect(autoscaler.tick({ ready: 0, starting: 1 })).toBe(1)
  await clock.advance(2_000)
  expect(autoscaler.tick({ ready: 0, starting: 1 })).toBe(0)
  expect(autoscaler.phase()).toMatchObject({ phase: 'inactive', timedOut: true })
})

test('an unreachable revision has no lower bound', async () => {
  const clock = createClock({ scale: 0 })
  const settings = read({ 'min-scale': '2' })
  const autoscaler = createAutoscaler({ settings, clock, progressDeadlineMs: 600_000 })
  autoscaler.activate()
  await clock.advance(2_000)
  expect(autoscaler.tick({ ready: 2, starting: 0 })).toBe(2)
  autoscaler.setReachable(false)
  await clock.advance(200_000)
  autoscaler.tick({ ready: 2, starting: 0 })
  await clock.advance(100_000)
  expect(autoscaler.tick({ ready: 2, starting: 0 })).toBe(0)
})

test("the operator's defaults hold under the annotations", () => {
  const warnings: string[] = []
  const { autoscaler } = readClusterConfig(
    [
      {
        file: 'a.yaml',
        line: 1,
        namespace: 'knative-serving',
        name: 'config-autoscaler',
        data: {
          'container-concurrency-target-default': '50',
          'container-concurrency-target-percentage': '80',
          'stable-window': '30s',
          'target-burst-capacity': '-1',
          'max-scale': 'many',
          _example: 'ignored',
        },
      },
    ],
    warning => warnings.push(warning),
  )
  const template = { annotations: { [`${PREFIX}window`]: '10s' }, containerConcurrency: 0 }
  expect(readScaleSettings(template, autoscaler)).toMatchObject({
    total: 50,
    target: 40,
    windowMs: 10_000,
    targetBurstCapacity: -1,
    maxScale: 0,
  })
  expect(warnings).toEqual([
    'ConfigMap config-autoscaler: "max-scale" must be a whole number of at least 0, got "many": the default holds',
  ])
})

const read = (given: Record<string, string>) =>
  readScaleSettings({
    containerConcurrency: 0,
    annotations: Object.fromEntries(
      Object.entries(given).map(([key, value]) => [PREFIX + key, value]),
    ),
  })

function open(given: Given, clock: Clock): ReturnType<typeof createAutoscaler> {
  const settings = read({
    metric: given.isRps ? 'rps' : 'concurrency',
    target: String(given.target),
    'target-utilization-percentage': String(given.utilization),
    window: `${given.windowSeconds}s`,
    'panic-window-percentage': String(given.panicPercent),
    'panic-threshold-percentage': String(given.thresholdPercent),
    'min-scale': String(given.minScale),
    'max-scale': String(given.maxScale),
    ...(given.activation > 0 && { 'activation-scale': String(given.activation) }),
    'scale-down-delay': `${given.delaySeconds}s`,
    'scale-to-zero-pod-retention-period': `${given.retentionSeconds}s`,
    'target-burst-capacity': String(given.burst),
    'metric-aggregation-algorithm': given.isWeighted ? 'weighted-exponential' : 'linear',
  })
  return createAutoscaler({ settings, clock, progressDeadlineMs: 600_000 })
}

/** As many at a time for the whole second, or as many that came and went at its start. */
function give(autoscaler: ReturnType<typeof createAutoscaler>, load: number, isRps: boolean): void {
  if (!isRps) autoscaler.change(load, false)
  else for (let request = 0; request < load; request++) autoscaler.change(0, true)
}

/** Every second is kept for ever, and everything is computed anew at each tick. */
function createModel(given: Given) {
  const seconds: number[] = []
  const decisions: { at: number; desired: number }[] = []
  let panicTime: number | undefined
  let maxPanicPods = 0
  let active = 'activating'
  let since = 0
  let proxiedSince: number | undefined = 0
  const panicSeconds = Math.max(1, Math.round((given.windowSeconds * given.panicPercent) / 100))
  const target = Math.max(0.01, (given.target * given.utilization) / 100)

  function average(now: number, size: number): number {
    // The second that just began has no value yet, and takes a place of the window.
    const values = seconds.slice(Math.max(0, now - size + 1)).reverse()
    if (values.length === 0) return 0
    const coefficient = Math.max(0.2, 1 - (1 - 0.9999) ** (1 / size))
    const sum = given.isWeighted
      ? values.reduce(
          (total, value, age) => total + value * coefficient * (1 - coefficient) ** age,
          0,
        )
      : values.reduce((total, value) => total + value, 0) / values.length
    return Math.round(sum * 1e6) / 1e6
  }

  function decide(now: number, readyPods: number, stableAvg: number, panicAvg: number): number {
    const ready = Math.max(1, readyPods)
    const [dspc, dppc] = [Math.ceil(stableAvg / target), Math.ceil(panicAvg / target)]
    const within = (count: number): number =>
      Math.min(Math.max(count, Math.floor(ready / 2)), 1000 * ready)
    let stable = within(dspc)
    let panic = within(dppc)
    if (given.activation > 1 && dspc > 0) stable = Math.max(stable, given.activation)
    if (given.activation > 1 && dppc > 0) panic = Math.max(panic, given.activation)
    if (dppc / ready >= given.thresholdPercent / 100) panicTime = now
    else if (panicTime !== undefined && panicTime + given.windowSeconds < now) {
      panicTime = undefined
      maxPanicPods = 0
    }
    if (panicTime !== undefined) maxPanicPods = Math.max(maxPanicPods, stable, panic)
    decisions.push({ at: now, desired: panicTime === undefined ? stable : maxPanicPods })
    const held = decisions.filter(
      ({ at }) =>
        at === now || Math.floor(now / 2) - Math.floor(at / 2) < Math.ceil(given.delaySeconds / 2),
    )
    const desired = Math.max(given.minScale, ...held.map(each => each.desired))
    return given.maxScale === 0 ? desired : Math.min(desired, given.maxScale)
  }

  function settle(now: number, desired: number, readyPods: number): number {
    const become = (next: string): void => {
      if (active !== next) since = now
      active = next
    }
    if (desired > 0) {
      become(readyPods >= Math.max(1, given.minScale) ? 'active' : 'activating')
      return desired
    }
    if (active === 'activating') {
      become('active')
      return 1
    }
    const age = now - since
    if (active === 'active') {
      if (age >= given.windowSeconds) become('inactive')
      return 1
    }
    const proxied = proxiedSince !== undefined && now - proxiedSince >= 30
    const isOver = age >= Math.max(30, given.retentionSeconds)
    return isOver || (proxied && age >= given.retentionSeconds) ? 0 : Math.min(1, readyPods)
  }

  return {
    record: (second: number, load: number): void => {
      seconds[second] = load
    },
    tick: (now: number, readyPods: number) => {
      const stableAvg = average(now, given.windowSeconds)
      const panicAvg = average(now, panicSeconds)
      const desired = decide(now, readyPods, stableAvg, panicAvg)
      const want = settle(now, desired, readyPods)
      const spare =
        given.burst > 0
          ? Math.floor(readyPods * given.target - given.burst - panicAvg)
          : given.burst
      if (desired === 0 || spare < 0) proxiedSince ??= now
      else proxiedSince = undefined
      return { want, phase: active, proxied: proxiedSince !== undefined }
    },
  }
}
