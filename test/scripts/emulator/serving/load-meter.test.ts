import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createLoadMeter } from '../../../../scripts/emulator/serving/load-meter.ts'
import { readScaleSettings } from '../../../../scripts/emulator/serving/scale-settings.ts'

const settings = readScaleSettings({ annotations: {}, containerConcurrency: 0 })
const START = 1_000_000

test('the stable average is the mean concurrency of the whole seconds observed', () => {
  const anySteps = fc.array(
    fc.record({ ms: fc.integer({ min: 1, max: 900 }), inFlight: fc.integer({ min: 0, max: 20 }) }),
    { minLength: 1, maxLength: 40 },
  )
  fc.assert(
    fc.property(anySteps, steps => {
      const meter = createLoadMeter(settings, START)
      meter.observe(START, true)
      const perMs: number[] = []
      let now = START
      let inFlight = 0
      for (const step of steps) {
        meter.change(now, step.inFlight, false)
        inFlight = step.inFlight
        for (let ms = 0; ms < step.ms; ms++) perMs.push(inFlight)
        now += step.ms
      }
      const whole = perMs.slice(0, Math.floor(perMs.length / 1_000) * 1_000)
      const mean = whole.reduce((sum, value) => sum + value, 0) / whole.length
      const stable = meter.averages(now)?.stable
      if (whole.length === 0) expect(stable).toBeUndefined()
      else expect(stable).toBeCloseTo(mean, 4)
    }),
  )
})

test('the first request at zero counts as one at once, and is not counted twice', () => {
  const meter = createLoadMeter(settings, START)
  meter.change(START + 100, 1, true)
  meter.poke(START + 100)
  expect(meter.averages(START + 100)?.stable).toBe(1)
  expect(meter.averages(START + 3_000)?.stable).toBeCloseTo(1, 5)
})

test('a long time without change costs no more than a window, and ends in zero', () => {
  const meter = createLoadMeter(settings, START)
  meter.observe(START, true)
  meter.change(START, 5, true)
  meter.change(START + 1_000, 0, false)
  expect(meter.averages(START + 1e10)?.stable).toBe(0)
})

test('nothing running and nothing asked is no data, not zero', () => {
  const meter = createLoadMeter(settings, START)
  expect(meter.averages(START + 120_000)).toBeUndefined()
})

test('the rps metric counts arrivals', () => {
  const rps = readScaleSettings({
    annotations: { 'autoscaling.knative.dev/metric': 'rps' },
    containerConcurrency: 0,
  })
  const meter = createLoadMeter(rps, START)
  for (let index = 0; index < 30; index++) meter.change(START + index * 100, 0, true)
  expect(meter.averages(START + 3_000)?.stable).toBe(10)
})
