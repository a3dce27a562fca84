import { expect, it } from 'vitest'
import { createQueue } from '../../../functions/inference/queue.ts'

const never = new AbortController().signal

it('serves tenants in turn, however many requests one of them has sent', async () => {
  const queue = createQueue({ concurrency: 1, limit: 10, now: () => 0 })
  const order: string[] = []
  const run = async (tenant: string): Promise<void> => {
    const leave = await queue.enter(tenant, never)
    order.push(tenant)
    leave()
  }
  const hold = await queue.enter('x', never)
  const all = [...'aaab'].map(tenant => run(tenant))
  hold()
  await Promise.all(all)
  expect(order).toEqual(['a', 'b', 'a', 'a'])
})

it('forgets who leaves while waiting', async () => {
  const queue = createQueue({ concurrency: 1, limit: 1, now: () => 0 })
  const leave = await queue.enter('a', never)
  const leaver = new AbortController()
  const waiting = queue.enter('a', leaver.signal)
  leaver.abort(new Error('gone'))
  await expect(waiting).rejects.toThrow('gone')
  expect(queue.waiting()).toBe(0)
  leave()
  leave()
  expect(queue.running()).toBe(0)
})

it('says how long the line is in time, from how long places were held', async () => {
  let now = 0
  const queue = createQueue({ concurrency: 1, limit: 0, now: () => now })
  for (let turn = 0; turn < 30; turn += 1) {
    const leave = await queue.enter('a', never)
    now += 10_000
    leave()
  }
  await queue.enter('a', never)
  await expect(queue.enter('a', never)).rejects.toMatchObject({
    code: 'rate_limited',
    retryAfterSeconds: 10,
  })
})
