import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type AttemptLimiter,
  createAttemptLimiter,
} from '../../../functions/auth/attempt-limiter.ts'
import { createLocalLimiter } from '../../../functions/auth/local-limiter.ts'
import { createLog } from '../../../shared/log.ts'
import { openKv, type TestKv } from '../../fixtures/stores.ts'

let store: TestKv
beforeAll(async () => {
  store = await openKv()
})
afterAll(() => store.close())

const log = createLog({ service: 'test', level: 'error' })

/** One instance of the function. */
const instance = (windowSeconds = 300): AttemptLimiter =>
  createAttemptLimiter({
    kv: () => store.kv,
    windowSeconds,
    id: () => crypto.randomUUID(),
    log,
  })

const outcomes = async (
  tasks: Promise<unknown>[],
): Promise<{ admitted: number; waits: number[] }> => {
  const settled = await Promise.allSettled(tasks)
  const refused = settled.filter(result => result.status === 'rejected').map(({ reason }) => reason)
  for (const error of refused) expect(error).toMatchObject({ code: 'rate_limited' })
  return {
    admitted: settled.length - refused.length,
    waits: refused.map(({ retryAfterSeconds }) => retryAfterSeconds),
  }
}

describe('over the shared store', () => {
  it('admits exactly the limit when a hundred instances ask at once', async () => {
    const limits = [{ key: 'rl:parallel', max: 5 }]
    const { admitted, waits } = await outcomes(
      Array.from({ length: 100 }, () => instance().admit(limits)),
    )
    expect(admitted).toBe(5)
    for (const wait of waits) expect(wait).toBeGreaterThan(290)
    for (const wait of waits) expect(wait).toBeLessThanOrEqual(300)
  })

  it('counts under no limit when one of them refuses', async () => {
    const full = { key: 'rl:full', max: 1 }
    const free = { key: 'rl:free', max: 3 }
    await instance().admit([full])
    await outcomes(Array.from({ length: 5 }, () => instance().admit([free, full])))
    expect(await store.kv.zcard(free.key)).toBe(0)
    expect((await outcomes([1, 2, 3, 4].map(() => instance().admit([free])))).admitted).toBe(3)
  })

  it('asks again when the answer was lost, and counts once', async () => {
    let losses = 1
    const lossy = new Proxy(store.kv, {
      get(target, name, receiver) {
        if (name !== 'eval') return Reflect.get(target, name, receiver)
        return async (...input: Parameters<typeof target.eval>) => {
          const answer = await target.eval(...input)
          losses -= 1
          if (losses >= 0) throw new Error('the answer was lost')
          return answer
        }
      },
    })
    const limiter = createAttemptLimiter({
      kv: () => lossy,
      windowSeconds: 300,
      id: () => crypto.randomUUID(),
      log,
    })
    await limiter.admit([{ key: 'rl:lossy', max: 1 }])
    expect(await store.kv.zcard('rl:lossy')).toBe(1)
  })

  it('forgets one attempt, or all of them', async () => {
    const limits = [{ key: 'rl:forget', max: 2 }]
    const first = await instance().admit(limits)
    await instance().admit(limits)
    await first.forget('rl:forget')
    const third = await instance().admit(limits)
    expect((await outcomes([instance().admit(limits)])).admitted).toBe(0)
    await third.clear('rl:forget')
    expect((await outcomes([1, 2, 3].map(() => instance().admit(limits)))).admitted).toBe(2)
  })

  it('admits again when the window has passed, and leaves no key behind', async () => {
    const limits = [{ key: 'rl:window', max: 1 }]
    await instance(1).admit(limits)
    const deadline = Date.now() + 10_000
    let admitted = 0
    while (admitted === 0 && Date.now() < deadline) {
      ;({ admitted } = await outcomes([instance(1).admit(limits)]))
    }
    expect(admitted).toBe(1)
    expect(await store.kv.pttl('rl:window')).toBeGreaterThan(0)
  })
})

describe('on one instance', () => {
  it('never admits more than the limit within any window', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 200 }),
        fc.integer({ min: 1, max: 6 }),
        (pauses, max) => {
          let now = 0
          const limiter = createLocalLimiter(100, () => now)
          const admitted: number[] = []
          for (const [index, pause] of pauses.entries()) {
            now += pause
            const wait = limiter.admit([{ key: 'k', max }], String(index))
            if (wait === 0) admitted.push(now)
            else expect(admitted.at(-max)).toBe(now + wait - 100)
          }
          for (const start of admitted) {
            const within = admitted.filter(at => at >= start && at < start + 100)
            expect(within.length).toBeLessThanOrEqual(max)
          }
        },
      ),
    )
  })
})
