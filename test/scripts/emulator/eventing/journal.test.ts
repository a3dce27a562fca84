import { describe, expect, it, onTestFinished } from 'vitest'
import { createClock } from '../../../../scripts/emulator/clock.ts'
import {
  createJournal,
  type Journal,
} from '../../../../scripts/emulator/eventing/journal/journal.ts'
import { insertOperation } from '../../../../scripts/emulator/eventing/journal/rows.ts'
import { createLedger } from '../../../../scripts/emulator/eventing/ledger.ts'
import type { EventRecord } from '../../../../scripts/emulator/eventing/records.ts'
import { createRetention, RETENTION } from '../../../../scripts/emulator/eventing/retention.ts'
import { bench, createTestLog, DEFAULT_BROKER, event, temporaryDirectory } from './fixture.ts'

function record(seq: number, fields: Partial<EventRecord> = {}): EventRecord {
  const { attributes } = event({ id: `e${seq}` })
  const ended: Partial<EventRecord> = { state: 'delivered', ended: 1000 }
  return {
    seq,
    broker: 'app/default',
    attributes,
    size: 0,
    arrival: 1,
    deliveries: [],
    misses: [],
    ...ended,
    state: 'delivered',
    ...fields,
  }
}

async function opened(): Promise<Journal> {
  const journal = await createJournal({ directory: temporaryDirectory(), log: createTestLog().log })
  onTestFinished(() => journal.close())
  return journal
}

describe('the journal', () => {
  it('writes the operations of a transaction all or not at all', async () => {
    const journal = await opened()
    await journal.write([insertOperation(record(1), {})])
    await expect(
      journal.write([insertOperation(record(2), {}), insertOperation(record(1), {})]),
    ).rejects.toThrow(/^cannot write .*events\.db: UNIQUE constraint failed: events\.seq$/)
    expect(journal.rows('true').map(({ seq }) => seq)).toEqual([1])
    await journal.write([insertOperation(record(3), {})])
    expect(journal.lastSeq()).toBe(3)
  })

  it('deletes an event with its body', async () => {
    const journal = await opened()
    const insert = (seq: number): ReturnType<typeof insertOperation> =>
      insertOperation(record(seq, { size: 3 }), {}, Buffer.from('abc'))
    await journal.write([insert(1), insert(2)])
    await journal.write([{ kind: 'delete', seq: 1 }])
    expect(journal.ended()).toEqual([{ seq: 2, size: 3, ended: 1000 }])
    expect([journal.body(1), journal.body(2)?.length]).toEqual([undefined, 3])
  })

  it('refuses to write after it was closed', async () => {
    const journal = await opened()
    await journal.close()
    await expect(journal.write([insertOperation(record(1), {})])).rejects.toThrow(
      'the journal is closed',
    )
  })

  it('is pruned by the ledger while events come in', async () => {
    const journal = await opened()
    const clock = createClock({ scale: 0, start: RETENTION.ms * 2 })
    const ledger = createLedger({ journal, clock, log: createTestLog().log })
    await ledger.insert(record(ledger.nextSeq(), { ended: 1 }), {})
    const writes = Array.from({ length: 1000 }, () =>
      ledger.insert(record(ledger.nextSeq(), { ended: clock.now() }), {}),
    )
    await ledger.insert(record(ledger.nextSeq(), { state: 'pending', ended: undefined }), {})
    await Promise.all(writes)
    expect(journal.rows('seq = 1')).toEqual([])
    expect(journal.rows('true')).toHaveLength(1001)
  })

  it('reads bodies again that were too many to keep in memory', async () => {
    const journal = await opened()
    const ledger = createLedger({
      journal,
      clock: createClock({ scale: 0 }),
      log: createTestLog().log,
    })
    const size = 1_000_000
    for (let n = 0; n < 70; n += 1) {
      const open = record(ledger.nextSeq(), { state: 'pending', ended: undefined, size })
      await ledger.insert(open, {}, Buffer.alloc(size, n))
    }
    const last = [...ledger.lives()].at(-1)
    expect(last && ledger.event(last).data?.[size - 1]).toBe(69)
  })
})

describe('the retention', () => {
  const ended = [1, 2, 3, 4].map(seq => ({ seq, size: 100, ended: seq * 10 }))
  const limits = { rows: 100, bytes: 1e9, ms: 1e9 }
  it.each([
    [{ ...limits, rows: 3 }, [1]],
    [{ ...limits, bytes: 250 }, [1, 2]],
    [{ ...limits, ms: 75 }, [1, 2]],
    [limits, []],
  ])('under %j lets %j go', (given, taken) => {
    expect(createRetention(ended, given).take(100, 10)).toEqual(taken)
  })

  it('does not count what was deleted by hand', () => {
    const retention = createRetention(ended, { ...limits, bytes: 250 })
    retention.forget([1, 4])
    expect(retention.take(0, 9)).toEqual([])
    retention.add({ seq: 5, size: 100, ended: 50 })
    expect(retention.take(0, 9)).toEqual([2])
  })

  it('lets no more go at once than asked for, and counts what is added', () => {
    const retention = createRetention(ended, { ...limits, rows: 1 })
    expect(retention.take(0, 2)).toEqual([1, 2])
    retention.add({ seq: 5, size: 1, ended: 50 })
    expect(retention.take(0, 9)).toEqual([3, 4])
    expect(retention.take(0, 9)).toEqual([])
  })
})

it('gives no number a second time, although every event was purged before the restart', async () => {
  const at = await bench()
  await at.eventing.publish(DEFAULT_BROKER, event({ id: 'a' }))
  await at.eventing.publish(DEFAULT_BROKER, event({ id: 'b' }))
  await at.eventing.idle()
  expect(await at.eventing.purge()).toBe(2)
  await at.restart()
  expect(await at.eventing.publish(DEFAULT_BROKER, event({ id: 'c' }))).toMatchObject({ seq: 3 })
})
