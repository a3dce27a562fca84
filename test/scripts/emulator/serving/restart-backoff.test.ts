import { expect, test } from 'vitest'
import { createClock } from '../../../../scripts/emulator/clock.ts'
import { createRestartBackoff } from '../../../../scripts/emulator/serving/restart-backoff.ts'

const failure = { reason: 'Unhealthy', message: 'liveness probe failed', tail: [] }

test('the first restart is at once, the next ones wait twice as long each, up to five minutes', async () => {
  const clock = createClock({ scale: 0 })
  const backoff = createRestartBackoff(clock)
  const waits: number[] = []
  for (let restart = 0; restart < 8; restart++) {
    backoff.note(failure)
    waits.push(backoff.remainingMs() / 1_000)
    await clock.advance(backoff.remainingMs())
  }
  expect(waits).toEqual([0, 10, 20, 40, 80, 160, 300, 300])
})

test('the failure is told only while it keeps the next start waiting', async () => {
  const clock = createClock({ scale: 0 })
  const backoff = createRestartBackoff(clock)
  backoff.note(failure)
  expect(backoff.failure()).toBeUndefined()
  backoff.note(failure)
  expect(backoff.failure()).toBe(failure)
  await clock.advance(10_000)
  expect(backoff.failure()).toBeUndefined()
})

test('after ten quiet minutes it is the first again', async () => {
  const clock = createClock({ scale: 0 })
  const backoff = createRestartBackoff(clock)
  backoff.note(failure)
  backoff.note(failure)
  await clock.advance(10_000 + 600_001)
  backoff.note(failure)
  expect(backoff.remainingMs()).toBe(0)
})
