import { expect, it } from 'vitest'
import { createClock } from '../../../../scripts/emulator/clock.ts'
import { answer, type Bench, bench, DEFAULT_BROKER, event, trigger, until } from './fixture.ts'

const START = Date.parse('2026-01-01T00:00:00Z')
const HOUR_MS = 3_600_000

/** An event whose next try is due in a minute, in a process that has ended. */
async function waiting(): Promise<Bench> {
  const delivery = { retry: 9, backoffPolicy: 'exponential', backoffDelayMs: 60_000 } as const
  const test = await bench(
    { triggers: [trigger('late', { delivery })] },
    { late: () => answer(503) },
  )
  await test.eventing.publish(DEFAULT_BROKER, event())
  await test.settle()
  return test
}

it('a clock that was set back does not put a retry off for longer than was planned', async () => {
  const test = await waiting()
  const clock = createClock({ scale: 0, start: START - 24 * HOUR_MS })
  await test.restart({ clock })
  await clock.advance(59_000)
  await test.settle()
  expect(test.requests).toHaveLength(1)
  await clock.advance(1_000)
  await until(() => test.requests.length === 2)
})

it('a clock that was set forward makes a retry due once, and the next wait whole', async () => {
  const test = await waiting()
  const clock = createClock({ scale: 0, start: START + 24 * HOUR_MS })
  await test.restart({ clock })
  await until(() => test.requests.length === 2)
  await test.settle()
  expect(test.eventing.event('e1')?.deliveries[0]).toMatchObject({ tries: 2, waitMs: 120_000 })
  await clock.advance(119_000)
  await test.settle()
  expect(test.requests).toHaveLength(2)
})

it('a jump over many waits fires no retry before its own time, and each only once', async () => {
  const test = await waiting()
  for (let jumps = 0; jumps < 10 && test.requests.length < 10; jumps += 1) {
    await test.clock.advance(24 * HOUR_MS)
    await test.settle()
  }
  await test.eventing.idle()
  const { attempts = [], state } = test.eventing.event('e1')?.deliveries[0] ?? {}
  expect(state).toBe('failed')
  expect(attempts.map(({ waitMs }) => waitMs / 60_000)).toEqual([
    0, 1, 2, 4, 8, 16, 32, 64, 128, 256,
  ])
  attempts.forEach(({ at, waitMs }, n) => {
    expect(at - (attempts[n - 1]?.at ?? at)).toBeGreaterThanOrEqual(waitMs)
  })
})
