import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { createClock } from '../../../scripts/emulator/clock.ts'

test('timers that were taken back hold no memory until they would have been due', async () => {
  const clock = createClock({ scale: 0 })
  const held = Array.from({ length: 2_000 }, () => {
    const task = (): void => {}
    clock.after(900_000, task)()
    return new WeakRef(task)
  })
  // What a WeakRef was made for lives until the end of the turn that made it.
  await new Promise(resolve => setImmediate(resolve))
  collectGarbage()
  expect(held.filter(each => each.deref()).length).toBeLessThan(1_100)
})

test('what was not taken back fires once, in its order', async () => {
  const clock = createClock({ scale: 0, start: 0 })
  const fired: number[] = []
  const cancels = Array.from({ length: 5_000 }, (_, index) =>
    clock.after((index * 7) % 1_000, () => fired.push((index * 7) % 1_000)),
  )
  cancels.forEach((cancel, index) => {
    if (index % 50 === 0) return
    cancel()
    cancel()
  })
  await clock.advance(1_000)
  for (const cancel of cancels) cancel()
  expect(fired).toHaveLength(100)
  expect(fired).toEqual(fired.toSorted((one, other) => one - other))
})

function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  gc()
}
