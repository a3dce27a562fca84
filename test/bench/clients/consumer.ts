/** The one consumer of the broker bench, in a process of its own: `node consumer.ts <address> <window>`. */
import { nowMs, parseBody } from './message.ts'
import type { Address } from './protocol.ts'
import { openConsumer } from './protocols.ts'
import { serve } from './serve.ts'

/** A round to wait for. */
export interface ConsumeCommand {
  readonly round: string
  readonly count: number
}

/** What came of the round. */
export interface ConsumeResult {
  /** When the last missing message came, by the shared clock. */
  readonly lastMs: number
  readonly duplicates: number
  /** Milliseconds from just before the publish to here, of each message. */
  readonly hops: readonly number[]
}

interface Round {
  readonly seen: Set<number>
  readonly hops: number[]
  duplicates: number
  lastMs: number
}

const [address = '', window = ''] = process.argv.slice(2)
const rounds = new Map<string, Round>()
let changed = (): void => {}

const consumer = await openConsumer(JSON.parse(address) as Address, Number(window), body => {
  const at = nowMs()
  const { round, n, sentMs } = parseBody(body)
  const found = roundOf(round)
  if (found.seen.has(n)) found.duplicates++
  else {
    found.seen.add(n)
    found.hops.push(at - sentMs)
    found.lastMs = at
  }
  changed()
})

serve<ConsumeCommand, ConsumeResult>(consumer.url, async ({ round, count }) => {
  const found = roundOf(round)
  while (found.seen.size < count) {
    await new Promise<void>(resolve => {
      changed = resolve
    })
  }
  rounds.delete(round)
  const { lastMs, duplicates, hops } = found
  return { lastMs, duplicates, hops }
})

function roundOf(name: string): Round {
  const round = rounds.get(name) ?? { seen: new Set(), hops: [], duplicates: 0, lastMs: 0 }
  rounds.set(name, round)
  return round
}
