import { expect, it } from 'vitest'
import { adviceOn } from '../../../../scripts/emulator/eventing/advice.ts'
import { bench, broker, channel, subscription, trigger } from './fixture.ts'

const WAIT = { retry: 3, backoffPolicy: 'exponential', backoffDelayMs: 100 } as const

it.each([
  [trigger('t'), []],
  [trigger('t', { delivery: WAIT }), []],
  [broker({ delivery: {} }), []],
  [
    trigger('t', { filter: { type: 'a', subject: '' } }),
    ['filter attribute "subject" is the empty string, which wants any value but the empty one'],
  ],
  [trigger('t', { filter: { subject: '' }, filters: [{ exact: { type: 'a' } }] }), []],
  [
    trigger('t', { delivery: { timeoutMs: 5 } }),
    [`its delivery replaces the broker's, so that without "retry" it is tried once`],
  ],
  [
    subscription('s', { delivery: { timeoutMs: 5 } }),
    [`its delivery replaces the channel's, so that without "retry" it is tried once`],
  ],
  [
    broker({ delivery: { ...WAIT, backoffPolicy: 'linear' } }),
    ['a linear back-off waits 0, 1, 2 … times the delay: its first retry is immediate'],
  ],
  [
    channel('c', { delivery: { retry: 3, backoffDelayMs: 100 } }),
    ['retries do not wait at all unless backoffPolicy and backoffDelay are both set'],
  ],
])('of %j it is told: %j', (resource, advice) => {
  expect(adviceOn(resource)).toEqual(advice)
})

it('is told at apply time, once for each state of a resource', async () => {
  const { eventing, lines } = await bench()
  const resource = trigger('t', { delivery: { timeoutMs: 5 } })
  eventing.apply(resource)
  eventing.apply(resource)
  expect(lines).toEqual([
    {
      level: 'warn',
      scope: 'broker',
      message: `eventing/test.yaml:1: trigger app/t: its delivery replaces the broker's, so that without "retry" it is tried once`,
    },
  ])
})
