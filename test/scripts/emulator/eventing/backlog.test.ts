import { expect, test } from 'vitest'
import { answer, bench, replyEvent, trigger } from './fixture.ts'
import { posting } from './posting.ts'

test('a broker with too much unfinished refuses producers, takes answers, and recovers', async () => {
  const held = Promise.withResolvers<void>()
  const at = await bench(
    {
      maxUnfinished: 2,
      triggers: [
        trigger('slow', { filter: { type: 't' } }),
        trigger('hear', { filter: { type: 'a' } }),
      ],
    },
    {
      slow: async ({ headers }) => {
        await held.promise
        return replyEvent(`of-${headers['ce-id']}`, 'a')
      },
      hear: () => answer(202),
    },
  )
  const { post } = await posting(at)
  const send = async (id: string): Promise<number> =>
    (await post('/app/default', { 'ce-id': id })).status
  expect([await send('1'), await send('2'), await send('3'), await send('4')]).toEqual([
    202, 202, 503, 503,
  ])
  const told = at.lines.filter(({ message }) => message.startsWith('too many events'))
  expect(told).toHaveLength(1)
  held.resolve()
  await at.eventing.idle()
  expect(at.eventing.events({ limit: 9 }).map(({ state }) => state)).toEqual(
    Array(4).fill('delivered'),
  )
  expect(await send('5')).toBe(202)
})
