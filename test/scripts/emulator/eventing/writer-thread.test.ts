import type { Worker } from 'node:worker_threads'
import { expect, it, onTestFinished } from 'vitest'
import { createJournal } from '../../../../scripts/emulator/eventing/journal/journal.ts'
import { insertOperation } from '../../../../scripts/emulator/eventing/journal/rows.ts'
import type { Operation } from '../../../../scripts/emulator/eventing/journal/schema.ts'
import {
  answer,
  bench,
  createTestLog,
  DEFAULT_BROKER,
  event,
  temporaryDirectory,
  trigger,
} from './fixture.ts'

/** The threads that start from here on, the latest last. */
function watchThreads(): Worker[] {
  const threads: Worker[] = []
  const watch = (thread: Worker): void => void threads.push(thread)
  process.on('worker', watch)
  onTestFinished(() => void process.off('worker', watch))
  return threads
}

const insert = (seq: number): Operation => {
  const { attributes } = event({ id: `e${seq}` })
  const record = { seq, broker: 'app/default', attributes, size: 0, arrival: 1, misses: [] }
  return insertOperation({ ...record, state: 'pending', deliveries: [] }, {})
}

it('writes again after its thread died, and loses nothing that it had promised', async () => {
  const threads = watchThreads()
  const { log, lines } = createTestLog()
  const journal = await createJournal({ directory: temporaryDirectory(), log })
  onTestFinished(() => journal.close())
  await journal.write([insert(1)])
  for (let round = 0; round < 2; round++) {
    const seq = 2 + round * 2
    const cut = journal.write([insert(seq)]).then(
      () => [{ seq }],
      () => [],
    )
    await new Promise(resolve => setImmediate(resolve))
    await threads.at(-1)?.terminate()
    // Comes while there is no thread, and waits for the next one.
    const waiting = journal.write([insert(seq + 1)])
    const kept = await cut
    await waiting
    expect(journal.rows('seq = ?', seq).map(row => ({ seq: row.seq }))).toEqual(kept)
    expect(journal.rows('seq = ?', seq + 1)).toHaveLength(1)
  }
  expect(journal.body(1)).toBeUndefined()
  expect(threads).toHaveLength(3)
  expect(lines.map(({ message }) => message)).toEqual(
    Array(2).fill(expect.stringMatching(/^the writer of .*events\.db stopped \(.*\); starting it/)),
  )
})

it('gives up loudly, once, when its thread dies each time', async () => {
  const threads = watchThreads()
  const { log, lines } = createTestLog()
  const journal = await createJournal({ directory: temporaryDirectory(), log })
  onTestFinished(() => journal.close())
  process.on('worker', kill)
  onTestFinished(() => void process.off('worker', kill))
  await threads[0]?.terminate()
  const message = /^the writer of .* does not start any more \(.*\): restart the emulator$/
  await expect(journal.write([insert(1)])).rejects.toThrow(message)
  await expect(journal.write([insert(2)])).rejects.toThrow(message)
  expect(lines.map(line => line.message)).toEqual([
    expect.stringContaining('starting it again'),
    expect.stringMatching(message),
  ])
  expect(threads).toHaveLength(6)
})

function kill(thread: Worker): void {
  void thread.terminate()
}

it('lets the broker take and deliver events as before once its thread is back', async () => {
  const threads = watchThreads()
  const self = await bench({ triggers: [trigger('orders')] }, { orders: () => answer(202) })
  await self.eventing.publish(DEFAULT_BROKER, event({ id: 'before' }))
  await self.eventing.idle()
  await threads.at(-1)?.terminate()
  await self.eventing.publish(DEFAULT_BROKER, event({ id: 'after' }))
  await self.eventing.idle()
  expect(self.eventing.events({ limit: 9 }).map(({ state }) => state)).toEqual([
    'delivered',
    'delivered',
  ])
})
