/** Recognises events that go round and round: each the answer to the one before, through the same triggers. */

import type { Log } from '../log.ts'
import type { Ledger } from './ledger.ts'
import type { EventRecord } from './records.ts'
import type { Job } from './stage.ts'

/** Looks back along the causes. */
export interface Loops {
  /** The round that ends in this delivery, in words; undefined when there is none. */
  roundOf(job: Job): string | undefined
  /** Looks at an event that was just taken, and warns once of each round it finds. */
  watch(record: EventRecord): void
}

/** How far back is looked. */
const MAX_STEPS = 64
/** Events are looked at when their hop budget is a multiple of this, which costs next to nothing. */
const WATCHED_EACH = 16
/** A chain that repeats less often may be an intended conversation. */
const MIN_ROUNDS = 3
const MAX_WARNED = 1000

/** Over the events that the ledger still knows. */
export function createLoops({ ledger, log }: { ledger: Ledger; log: Log }): Loops {
  const warned = new Set<string>()

  /** Triggers from the latest to the earliest. */
  function chain(first: EventRecord['cause']): string[] {
    const steps: string[] = []
    for (let cause = first; cause && steps.length < MAX_STEPS; ) {
      if (cause.trigger !== undefined) steps.push(cause.trigger)
      cause = ledger.history.at(cause.seq)?.cause
    }
    return steps
  }

  function roundOf({ seq, trigger }: Job): string | undefined {
    const round = findRound([trigger, ...chain(ledger.history.at(seq)?.cause)], 2)
    return round && describe(round)
  }

  function watch({ cause, attributes }: EventRecord): void {
    const ttl = Number(attributes.knativebrokerttl)
    if (!cause || !(ttl % WATCHED_EACH === 0)) return
    const round = findRound(chain(cause), MIN_ROUNDS)
    if (!round) return
    const key = round.toSorted().join(' ')
    if (warned.has(key) || warned.size >= MAX_WARNED) return
    warned.add(key)
    log.warn(
      'broker',
      `${describe(round)}; it ends when its TTL is used up, ${ttl} passes from now`,
    )
  }

  return { roundOf, watch }
}

/** The shortest part that the steps begin with `rounds` times, in the order in which events go. */
function findRound(steps: readonly string[], rounds: number): string[] | undefined {
  for (let length = 1; length * rounds <= steps.length; length += 1) {
    const end = length * rounds
    const repeats = steps.slice(length, end).every((step, at) => step === steps[at])
    if (repeats) return steps.slice(0, length).reverse()
  }
  return undefined
}

const describe = (round: readonly string[]): string =>
  `a loop of answers through ${[...round, round[0]].join(' → ')}`
