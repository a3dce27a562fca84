/** The outside ledger: what was accepted, in a file that is synced first; what was received, from everybody's files. */
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { answerOf, KINDS, RECORDER } from './events.ts'

/** An event that was answered 202. */
export interface Accepted {
  readonly id: string
  readonly type: string
}

/** What must have come somewhere and did not. */
export interface Missing {
  readonly id: string
  readonly to: string
  readonly how: 'delivery' | 'dead letter'
}

/** The outcome. */
export interface Tally {
  readonly accepted: number
  /** What was owed: one for each event and receiver. */
  readonly owed: number
  readonly lost: readonly Missing[]
  readonly duplicates: number
  /** Deliveries that became dead letters although they could have succeeded. */
  readonly deadLettered: number
  /** Received with another body than was sent, or a dead letter of somebody who must not have any. */
  readonly wrong: number
}

/** The ledger of one soak. */
export interface Ledger {
  /** Resolves when the acceptance is on the disk: only now it counts. */
  accept(accepted: Accepted): Promise<void>
  accepted(): number
  tally(): Tally
  close(): Promise<void>
}

interface Receipt {
  readonly id: string
  readonly to: string
  readonly intact: boolean
  /** Whose dead letter it is: the URL that could not take it. */
  readonly dead?: string
}

/** Functions write into the same folder, a file each. */
export async function openLedger(directory: string): Promise<Ledger> {
  mkdirSync(directory, { recursive: true })
  const file = await open(join(directory, 'accepted'), 'a')
  const append = createSyncedAppend(file)
  let count = 0
  return {
    async accept(accepted) {
      await append(`${JSON.stringify(accepted)}\n`)
      count++
    },
    accepted: () => count,
    tally: () => toTally(readLines<Accepted>(join(directory, 'accepted')), readReceipts(directory)),
    close: () => file.close(),
  }
}

/** One sync for all that wait. */
function createSyncedAppend(file: FileHandle): (line: string) => Promise<void> {
  let waiting: string[] = []
  let turn: Promise<void> | undefined
  let running: Promise<void> = Promise.resolve()

  async function flush(before: Promise<void>): Promise<void> {
    await before
    const lines = waiting
    waiting = []
    turn = undefined
    await file.write(lines.join(''))
    await file.datasync()
  }

  return line => {
    waiting.push(line)
    turn ??= running = flush(running)
    return turn
  }
}

function toTally(accepted: readonly Accepted[], receipts: readonly Receipt[]): Tally {
  const delivered = new Map<string, number>()
  const dead = new Map<string, number>()
  let wrong = 0
  for (const receipt of receipts) {
    if (!receipt.intact) wrong++
    const map = receipt.dead === undefined ? delivered : dead
    const name = keyOf(receipt.id, receipt.dead === undefined ? receipt.to : nameOf(receipt.dead))
    map.set(name, (map.get(name) ?? 0) + 1)
  }
  const lost: Missing[] = []
  let owed = 0
  let deadLettered = 0
  for (const { id, type } of accepted) {
    const kind = KINDS.find(candidate => candidate.type === type)
    const { to = [], dead: mustDie = [], answer = [] } = kind ?? {}
    const isAnswered = answer.length > 0 && !dead.has(keyOf(id, to[0] ?? ''))
    const answers = isAnswered ? [RECORDER, ...answer].map(name => [answerOf(id), name]) : []
    for (const [event = '', name = ''] of [
      ...[RECORDER, ...to].map(name => [id, name]),
      ...answers,
    ]) {
      owed++
      if (delivered.has(keyOf(event, name))) continue
      if (dead.has(keyOf(event, name))) deadLettered++
      else lost.push({ id: event, to: name, how: 'delivery' })
    }
    for (const name of mustDie) {
      owed++
      if (delivered.has(keyOf(id, name))) wrong++
      if (!dead.has(keyOf(id, name))) lost.push({ id, to: name, how: 'dead letter' })
    }
  }
  const repeated = [...delivered.values(), ...dead.values()].map(times => times - 1)
  const duplicates = repeated.reduce((sum, times) => sum + times, 0)
  return { accepted: accepted.length, owed, lost, duplicates, deadLettered, wrong }
}

const keyOf = (id: string, name: string): string => `${id} ${name}`

/** `http://flaky.soak.svc.cluster.local/` is of `flaky`; an address of this machine is the one outside. */
function nameOf(url: string): string {
  const host = URL.parse(url)?.hostname ?? ''
  return host === '127.0.0.1' ? 'outside' : (host.split('.')[0] ?? '')
}

const readReceipts = (directory: string): Receipt[] =>
  readdirSync(directory)
    .filter(name => name.endsWith('.receipts'))
    .flatMap(name => readLines<Receipt>(join(directory, name)))

/** A line that its writer's death cut short is of an attempt that was not answered. */
function readLines<T>(file: string): T[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap(line => {
      try {
        return line === '' ? [] : [JSON.parse(line) as T]
      } catch {
        return []
      }
    })
}
