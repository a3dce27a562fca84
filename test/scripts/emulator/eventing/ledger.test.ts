import { expect, it } from 'vitest'
import { createClock } from '../../../../scripts/emulator/clock.ts'
import type { Journal } from '../../../../scripts/emulator/eventing/journal/journal.ts'
import type { Operation } from '../../../../scripts/emulator/eventing/journal/schema.ts'
import {
  createLedger,
  type Ledger,
  type Settlement,
} from '../../../../scripts/emulator/eventing/ledger.ts'
import type { DeliveryRecord, EventRecord } from '../../../../scripts/emulator/eventing/records.ts'
import { createTestLog, event, until } from './fixture.ts'

/** A journal whose writes end when the test says so. */
interface Held {
  readonly operations: readonly Operation[]
  end(error?: Error): void
}

interface Bench {
  ledger: Ledger
  writes: Held[]
  lines: { message: string }[]
  /** Per trigger, what the write says of the event's deliveries. */
  states(write: Held | undefined, seq?: number): string[] | undefined
}

function pending(seq: number, triggers: string[]): EventRecord {
  const deliveries = triggers.map(
    (trigger): DeliveryRecord => ({ trigger, state: 'pending', tries: 0, attempts: [] }),
  )
  const { attributes } = event({ id: `e${seq}` })
  const rest = { size: 0, arrival: 1, misses: [] }
  return { seq, broker: 'app/default', attributes, state: 'pending', deliveries, ...rest }
}

/** With event 1 that waits for the triggers `a`, `b` and `c`. */
async function opened(): Promise<Bench> {
  const writes: Held[] = []
  const { log, lines } = createTestLog()
  const journal: Journal = {
    write: operations =>
      new Promise((resolve, reject) => {
        const end = (error?: Error): void => (error ? reject(error) : resolve())
        writes.push({ operations, end })
      }),
    rows: () => [],
    ended: () => [],
    body: () => undefined,
    reply: () => undefined,
    lastSeq: () => 0,
    close: () => Promise.resolve(),
  }
  const ledger = createLedger({ journal, clock: createClock({ scale: 0 }), log })
  const first = ledger.insert(pending(1, ['a', 'b', 'c']), {})
  writes.shift()?.end()
  await first
  const states = (write: Held | undefined, seq = 1): string[] | undefined => {
    const found = write?.operations.find(each => each.kind === 'update' && each.seq === seq)
    if (found?.kind !== 'update') return undefined
    const { deliveries } = JSON.parse(found.detail) as { deliveries: DeliveryRecord[] }
    return deliveries.map(({ state }) => state)
  }
  return { ledger, writes, lines, states }
}

const settled = (trigger: string): Settlement => ({
  seq: 1,
  trigger,
  patch: { state: 'delivered', tries: 1 },
})

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

it('writes no state of an event while a reply and its settlement are on their way', async () => {
  const { ledger, writes, states } = await opened()
  const reply = ledger.insert(pending(2, ['x']), {}, undefined, settled('a'))
  await turn()
  ledger.settle(settled('b'))
  await turn()
  expect(writes.map(write => states(write))).toEqual([['delivered', 'pending', 'pending']])
  writes[0]?.end()
  await reply
  expect(states(writes[1])).toEqual(['delivered', 'delivered', 'pending'])
  expect(ledger.live(1)?.record.deliveries.map(({ state }) => state)).toEqual(states(writes[1]))
})

it('writes the other settlement alone when the reply is not stored', async () => {
  const { ledger, writes, states } = await opened()
  const reply = ledger.insert(pending(2, ['x']), {}, undefined, settled('a'))
  await turn()
  ledger.settle(settled('b'))
  writes[0]?.end(new Error('disk full'))
  await expect(reply).rejects.toThrow('disk full')
  expect(states(writes[1])).toEqual(['pending', 'delivered', 'pending'])
})

it('writes one reply of an event after the other, each with what came before', async () => {
  const { ledger, writes, states } = await opened()
  const replies = Promise.allSettled(
    ['a', 'b', 'c'].map((trigger, at) =>
      ledger.insert(pending(2 + at, ['x']), {}, undefined, settled(trigger)),
    ),
  )
  const seen: unknown[] = []
  for (let at = 0; at < 3; at++) {
    await until(() => writes.length === at + 1)
    seen.push(states(writes[at]))
    writes[at]?.end(at === 1 ? new Error('disk full') : undefined)
  }
  expect((await replies).map(({ status }) => status)).toEqual([
    'fulfilled',
    'rejected',
    'fulfilled',
  ])
  expect(seen).toEqual([
    ['delivered', 'pending', 'pending'],
    ['delivered', 'delivered', 'pending'],
    ['delivered', 'pending', 'delivered'],
  ])
})

it('says once that states cannot be written, however often it tries', async () => {
  const { ledger, writes, lines } = await opened()
  ledger.settle(settled('a'))
  ledger.settle(settled('b'))
  for (const write of writes.splice(0)) write.end(new Error('disk full'))
  await until(() => writes.length === 2)
  for (const write of writes.splice(0)) write.end(new Error('disk full'))
  await until(() => writes.length === 2)
  expect(lines.map(({ message }) => message)).toEqual([
    'event state not written, trying until it is: disk full',
  ])
})
