import { describe, expect, it, onTestFinished } from 'vitest'
import { createClock } from '../../../../scripts/emulator/clock.ts'
import {
  createJournal,
  type Journal,
} from '../../../../scripts/emulator/eventing/journal/journal.ts'
import { insertOperation, RETENTION } from '../../../../scripts/emulator/eventing/journal/rows.ts'
import { createLedger } from '../../../../scripts/emulator/eventing/ledger.ts'
import type { EventRecord } from '../../../../scripts/emulator/eventing/records.ts'
import { createTestLog, event, temporaryDirectory } from './fixture.ts'

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
  const journal = await createJournal({ directory: temporaryDirectory() })
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

  it('prunes the oldest ended events by rows, bytes and age, with their bodies, and never an unfinished one', async () => {
    const journal = await opened()
    const prune = { kind: 'prune', endedBefore: 0, keepRows: 1e6, keepBytes: 1e9 } as const
    const seqs = (): number[] => journal.rows('true ORDER BY seq').map(({ seq }) => seq)
    await journal.write([
      insertOperation(
        record(1, { state: 'pending', ended: undefined, size: 4 }),
        {},
        Buffer.from('open'),
      ),
      ...[2, 3, 4, 5].map(seq =>
        insertOperation(record(seq, { ended: seq * 10, size: 100 }), {}, Buffer.alloc(100)),
      ),
    ])
    await journal.write([{ ...prune, endedBefore: 25 }])
    expect(seqs()).toEqual([1, 3, 4, 5])
    await journal.write([{ ...prune, keepBytes: 250 }])
    expect(seqs()).toEqual([1, 4, 5])
    await journal.write([{ ...prune, keepRows: 1 }])
    expect(seqs()).toEqual([1, 5])
    expect([1, 2, 3, 4, 5].map(seq => journal.body(seq)?.length)).toEqual([
      4,
      undefined,
      undefined,
      undefined,
      100,
    ])
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
    await Promise.all(writes)
    expect(journal.rows('seq = 1')).toEqual([])
    expect(journal.rows('true')).toHaveLength(1000)
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
