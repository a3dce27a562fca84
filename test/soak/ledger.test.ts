import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openLedger, type Tally } from './ledger.ts'

interface Receipt {
  id: string
  to: string
  intact?: boolean
  dead?: string
}

/** What the ledger says of one accepted event and these receipts. */
async function tallyOf(type: string, receipts: readonly Receipt[], tail = ''): Promise<Tally> {
  const directory = mkdtempSync(join(tmpdir(), 'aiwfe-ledger-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const ledger = await openLedger(directory)
  onTestFinished(ledger.close)
  await ledger.accept({ id: 'e1', type })
  const lines = receipts.map(receipt => JSON.stringify({ intact: true, ...receipt }))
  writeFileSync(join(directory, 'one.receipts'), `${lines.join('\n')}\n${tail}`)
  return ledger.tally()
}

const RECORDED: Receipt = { id: 'e1', to: 'recorder' }

test('an event that came to everybody is not lost', async () => {
  expect(await tallyOf('soak.flaky', [RECORDED, { id: 'e1', to: 'flaky' }])).toEqual({
    ...{ accepted: 1, owed: 2, lost: [], duplicates: 0, deadLettered: 0, wrong: 0 },
  })
})

test('a receiver that got nothing is told', async () => {
  const { lost } = await tallyOf('soak.flaky', [RECORDED])
  expect(lost).toEqual([{ id: 'e1', to: 'flaky', how: 'delivery' }])
})

test('a dead letter stands for the delivery of the receiver that it names, and of no other', async () => {
  const dead = 'http://flaky.soak.svc.cluster.local/'
  const other = 'http://slow.soak.svc.cluster.local/'
  const tally = await tallyOf('soak.flaky', [RECORDED, { id: 'e1', to: 'graveyard', dead }])
  expect(tally).toMatchObject({ lost: [], deadLettered: 1 })
  const wrong = await tallyOf('soak.flaky', [RECORDED, { id: 'e1', to: 'graveyard', dead: other }])
  expect(wrong.lost).toHaveLength(1)
})

test('what must die is lost without its dead letter, and wrong when it is delivered', async () => {
  expect((await tallyOf('soak.poison', [RECORDED])).lost).toEqual([
    { id: 'e1', to: 'refuser', how: 'dead letter' },
  ])
  expect((await tallyOf('soak.poison', [RECORDED, { id: 'e1', to: 'refuser' }])).wrong).toBe(1)
})

test('the answer of a delivered event is owed too', async () => {
  const { owed, lost } = await tallyOf('soak.ask', [RECORDED, { id: 'e1', to: 'replier' }])
  expect(owed).toBe(4)
  expect(lost.map(({ id, to }) => `${id} ${to}`)).toEqual([
    'e1:answer recorder',
    'e1:answer answers',
  ])
})

test('what came twice is a duplicate, another body is wrong, and a torn line is nothing', async () => {
  const receipts = [RECORDED, RECORDED, { id: 'e1', to: 'flaky', intact: false }]
  const tally = await tallyOf('soak.flaky', receipts, '{"id":"e1","to":"fl')
  expect(tally).toMatchObject({ lost: [], duplicates: 1, wrong: 1 })
})
