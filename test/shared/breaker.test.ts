import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Breaker, createBreaker, type Permit } from '../../shared/breaker.ts'

const enter = (breaker: Breaker): Permit => {
  const entered = breaker.enter()
  if ('retryAfterMs' in entered) throw new Error(`refused for ${entered.retryAfterMs} ms`)
  return entered
}

function createTimed(): { breaker: Breaker; advance(ms: number): void; states: string[] } {
  let time = 0
  const states: string[] = []
  const breaker = createBreaker({
    now: () => time,
    random: () => 0.5,
    onChange: state => states.push(state),
  })
  return {
    breaker,
    states,
    advance(ms) {
      time += ms
    },
  }
}

test('five failures in a row open it, a success in between starts the count again', () => {
  const { breaker } = createTimed()
  for (let i = 0; i < 4; i += 1) enter(breaker).fail()
  enter(breaker).succeed()
  for (let i = 0; i < 4; i += 1) enter(breaker).fail()
  expect(breaker.state).toBe('closed')
  enter(breaker).fail()
  expect(breaker.state).toBe('open')
  expect(breaker.enter()).toEqual({ retryAfterMs: 30_000 })
})

test('after 30 s three calls pass at once, and three successes close it', () => {
  const { breaker, advance, states } = createTimed()
  for (let i = 0; i < 5; i += 1) enter(breaker).fail()
  advance(29_999)
  expect(breaker.state).toBe('open')
  advance(1)
  const probes = [enter(breaker), enter(breaker), enter(breaker)]
  expect(breaker.enter()).toHaveProperty('retryAfterMs')
  for (const probe of probes) probe.succeed()
  expect(states).toEqual(['open', 'half-open', 'closed'])
})

test('one failed probe opens it again for the whole time', () => {
  const { breaker, advance } = createTimed()
  for (let i = 0; i < 5; i += 1) enter(breaker).fail()
  advance(30_000)
  enter(breaker).fail()
  expect(breaker.enter()).toEqual({ retryAfterMs: 30_000 })
})

test('a released call counts for nothing and gives its place back', () => {
  const { breaker, advance } = createTimed()
  for (let i = 0; i < 4; i += 1) enter(breaker).fail()
  for (let i = 0; i < 10; i += 1) enter(breaker).release()
  enter(breaker).fail()
  expect(breaker.state).toBe('open')
  advance(30_000)
  for (let i = 0; i < 10; i += 1) enter(breaker).release()
  expect(breaker.state).toBe('half-open')
})

test('a late result of an earlier phase changes nothing', () => {
  const { breaker, advance } = createTimed()
  const late = enter(breaker)
  for (let i = 0; i < 5; i += 1) enter(breaker).fail()
  advance(30_000)
  expect(breaker.state).toBe('half-open')
  late.fail()
  expect(breaker.state).toBe('half-open')
})

/** The same rules, written as plainly as they can be. */
interface Model {
  state: 'closed' | 'open' | 'half-open'
  failures: number
  successes: number
  flying: { epoch: number }[]
  epoch: number
  until: number
  time: number
}

test('it behaves as its model in every history', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('enter' as const) }),
    fc.record({
      kind: fc.constantFrom('succeed' as const, 'fail' as const, 'release' as const),
      which: fc.nat(50),
    }),
    fc.record({
      kind: fc.constant('wait' as const),
      ms: fc.constantFrom(1, 1_000, 29_999, 30_000),
    }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), steps => {
      const { breaker, advance } = createTimed()
      const permits: Permit[] = []
      const model: Model = {
        state: 'closed',
        failures: 0,
        successes: 0,
        flying: [],
        epoch: 0,
        until: 0,
        time: 0,
      }
      const move = (state: Model['state']): void => {
        Object.assign(model, { state, failures: 0, successes: 0, epoch: model.epoch + 1 })
        if (state === 'open') model.until = model.time + 30_000
      }
      for (const next of steps) {
        if (next.kind === 'wait') {
          advance(next.ms)
          model.time += next.ms
        }
        if (model.state === 'open' && model.time >= model.until) move('half-open')
        if (next.kind === 'enter') {
          const current = model.flying.filter(call => call.epoch === model.epoch)
          const allowed =
            model.state === 'closed' || (model.state === 'half-open' && current.length < 3)
          const entered = breaker.enter()
          expect('retryAfterMs' in entered).toBe(!allowed)
          if ('retryAfterMs' in entered) continue
          permits.push(entered)
          model.flying.push({ epoch: model.epoch })
        } else if (next.kind !== 'wait' && permits.length > 0) {
          const index = next.which % permits.length
          const [permit] = permits.splice(index, 1)
          const [call] = model.flying.splice(index, 1)
          permit?.[next.kind]()
          if (call?.epoch !== model.epoch) continue
          if (next.kind === 'succeed') {
            model.failures = 0
            model.successes += 1
            if (model.state === 'half-open' && model.successes >= 3) move('closed')
          } else if (next.kind === 'fail') {
            model.failures += 1
            if (model.state === 'half-open' || model.failures >= 5) move('open')
          }
        }
        expect(breaker.state).toBe(model.state)
      }
    }),
    { numRuns: 300 },
  )
})
