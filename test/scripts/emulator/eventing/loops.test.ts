import { expect, it } from 'vitest'
import { answer, bench, broker, DEFAULT_BROKER, event, replyEvent, trigger } from './fixture.ts'

const NO_RETRY = { delivery: {} }

it('names the triggers that a loop goes through, in the log and in the ledger, and TTL ends it', async () => {
  let count = 0
  const reply = (type: string) => () => {
    count += 1
    return replyEvent(`r${count}`, type)
  }
  const { eventing, lines } = await bench(
    {
      brokers: [broker(NO_RETRY)],
      triggers: [
        trigger('ping', { filter: { type: 'pong' } }),
        trigger('pong', { filter: { type: 'ping' } }),
      ],
    },
    { ping: reply('ping'), pong: reply('pong') },
  )
  await eventing.publish(DEFAULT_BROKER, event({ type: 'ping', knativebrokerttl: 40 }))
  await eventing.idle()
  expect(count).toBe(39)
  const said = lines.map(({ level, message }) => `${level} ${message}`)
  const warnings = said.filter(line => line.startsWith('warn a loop'))
  expect(warnings).toEqual([
    expect.stringMatching(
      /^warn a loop of answers through (app\/ping → app\/pong → app\/ping|app\/pong → app\/ping → app\/pong); it ends when its TTL is used up, \d+ passes from now$/,
    ),
  ])
  const last = said.at(-1) ?? ''
  expect(last).toMatch(
    /^error \w+ failed after 2 tries: reply refused: "knativebrokerttl" must be greater than 1, got 1: .* a loop of answers through app\/\w+ → app\/\w+ → app\/\w+ and there is no dead letter sink$/,
  )
  expect(eventing.event('r38')).toMatchObject({
    state: 'failed',
    deliveries: [{ failure: { code: 400, message: expect.stringContaining('a loop of answers') } }],
  })
})

it('takes a long chain of different triggers for what it is', async () => {
  const triggers = Array.from({ length: 40 }, (_, n) =>
    trigger(`t${n}`, { filter: { type: `step${n}` } }),
  )
  const subscribers = Object.fromEntries(
    triggers.map((_, n) => [
      `t${n}`,
      () => (n === 39 ? answer(202) : replyEvent(`r${n}`, `step${n + 1}`)),
    ]),
  )
  const { eventing, lines } = await bench({ triggers }, subscribers)
  await eventing.publish(DEFAULT_BROKER, event({ type: 'step0', knativebrokerttl: 70 }))
  await eventing.idle()
  expect(eventing.event('r38')?.state).toBe('delivered')
  expect(lines.filter(({ level }) => level !== 'info')).toEqual([])
})

it('ends an echo of 255 passes by itself', async () => {
  let count = 0
  const { eventing } = await bench(
    { brokers: [broker(NO_RETRY)], triggers: [trigger('echo')] },
    {
      echo: () => {
        count += 1
        return replyEvent(`r${count}`, 'again')
      },
    },
  )
  await eventing.publish(DEFAULT_BROKER, event())
  await eventing.idle()
  expect(count).toBe(255)
})
