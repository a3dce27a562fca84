/**
 * The soak: mixed load while functions are killed at random and the emulator itself dies by `kill -9` and starts again
 * on the same directory. Whatever was answered 202 must have come to everybody who wanted it.
 */
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createChildren } from '../bench/children.ts'
import { createKeeper, type Keeper } from './keeper.ts'
import { type Ledger, type Missing, openLedger } from './ledger.ts'
import { type Load, startLoad } from './load.ts'
import { toManifests } from './manifests.ts'
import { toMemory } from './memory.ts'
import { openOutside } from './outside.ts'
import { hasProc } from './processes.ts'
import { createRandom, type Random } from './random.ts'
import type { SoakReport } from './report.ts'

/** How to soak. */
export interface SoakOptions {
  readonly seconds: number
  readonly seed: number
  readonly producers?: number
  readonly visitors?: number
  /** How long to wait at the end until every event has ended. */
  readonly settleSeconds?: number
  /** Tells a person how far it is. */
  readonly note: (line: string) => void
  /** Ends it early: it closes what it started and throws. */
  readonly signal: AbortSignal
}

const FUNCTION = join(dirname(fileURLToPath(import.meta.url)), 'function.mjs')
/** In this part of the time the emulator is killed; then it lives, so that its memory can be watched. */
const KILLING_PART = 0.6
const EVIDENCE = 10

/**
 * Soaks and counts.
 * @throws Error when the emulator does not start again, with its output; or when this machine cannot tell processes
 */
export async function soak(options: SoakOptions): Promise<SoakReport> {
  if (!hasProc) throw new Error('the soak looks for processes in /proc, which this machine has not')
  const directory = await mkdtemp(join(tmpdir(), 'aiwfe-soak-'))
  const random = createRandom(options.seed)
  const receipts = join(directory, 'ledger')
  await using closing = new AsyncDisposableStack()
  closing.defer(() => rm(directory, { recursive: true, force: true, maxRetries: 3 }))
  const ledger = closing.adopt(await openLedger(receipts), each => each.close())
  const outside = closing.adopt(await openOutside(receipts, random.fork('outside')), each =>
    each.close(),
  )
  const children = closing.adopt(createChildren(), each => each.close())
  const keeper = closing.adopt(
    await createKeeper({
      ...{ children, directory: join(directory, 'state'), run: randomUUID(), ledger: receipts },
      manifests: toManifests({ command: `${process.execPath} ${FUNCTION}`, outside: outside.url }),
    }),
    each => each.close(),
  )
  const { producers = 4, visitors = 3 } = options
  const load = closing.adopt(startLoad({ keeper, ledger, random, producers, visitors }), each =>
    each.stop().catch(() => {}),
  )
  // Awaited here: what is opened above closes when this returns.
  return await watch(options, { keeper, ledger, load, random })
}

async function watch(
  { seconds, seed, note, signal, settleSeconds = 90 }: SoakOptions,
  { keeper, ledger, load, random }: { keeper: Keeper; ledger: Ledger; load: Load; random: Random },
): Promise<SoakReport> {
  const ending = new AbortController()
  const killing = AbortSignal.any([signal, ending.signal])
  const killingFunctions = killFunctions(keeper, random.fork('functions'), killing)
  const onKill = (kills: number, left: number): void =>
    note(`kill ${kills}, ${ledger.accepted()} accepted, ${Math.round(left)} s left`)
  const emulatorKills = await killEmulator(keeper, random.fork('emulator'), {
    ...{ seconds, onKill, signal },
  }).finally(() => ending.abort())
  await load.stop()
  note(`waiting for the last of ${ledger.accepted()} events`)
  const unfinished = await untilEnded(keeper, settleSeconds, signal)
  const tally = ledger.tally()
  const evidence = await gather(keeper, tally.lost)
  const endedInOrder = await keeper.stop()
  return {
    ...{ seed, seconds, emulatorKills, functionKills: await killingFunctions, tally, unfinished },
    ...{ load: load.counts(), orphans: keeper.orphans, endedInOrder, evidence },
    memory: toMemory(keeper.samples),
  }
}

/** Until the time is over; the last part without a kill. @returns how many */
async function killEmulator(
  keeper: Keeper,
  random: Random,
  {
    seconds,
    onKill,
    signal,
  }: {
    seconds: number
    onKill: (kills: number, secondsLeft: number) => void
    signal: AbortSignal
  },
): Promise<number> {
  const begun = performance.now()
  const left = (): number => seconds - (performance.now() - begun) / 1_000
  const longest = Math.min(30, Math.max(3, seconds / 6))
  let kills = 0
  for (;;) {
    const wait = random.between(1, longest)
    if (left() - wait < seconds * (1 - KILLING_PART)) break
    await setTimeout(wait * 1_000, undefined, { signal })
    await keeper.restart()
    onKill(++kills, left())
  }
  await setTimeout(Math.max(0, left() * 1_000), undefined, { signal })
  return kills
}

/** Until told to end. @returns how many */
async function killFunctions(keeper: Keeper, random: Random, signal: AbortSignal): Promise<number> {
  let kills = 0
  while (!signal.aborted) {
    await setTimeout(random.between(300, 1_500), undefined, { signal }).catch(() => {})
    if (!signal.aborted && keeper.killFunction(random.pick)) kills++
  }
  return kills
}

/** @returns how many events have not ended when the time is over */
async function untilEnded(keeper: Keeper, seconds: number, signal: AbortSignal): Promise<number> {
  const deadline = performance.now() + seconds * 1_000
  for (;;) {
    const left = await countUnfinished(keeper)
    if (left === 0 || performance.now() > deadline) return left
    await setTimeout(100, undefined, { signal })
  }
}

async function countUnfinished(keeper: Keeper): Promise<number> {
  const { url } = await keeper.up()
  let count = 0
  for (const state of ['pending', 'retrying']) {
    const { events } = (await ask(`${url}/_emulator/events?state=${state}&limit=500`)) as {
      events: unknown[]
    }
    count += events.length
  }
  return count
}

async function gather(keeper: Keeper, lost: readonly Missing[]): Promise<unknown[]> {
  const { url } = await keeper.up()
  return Promise.all(
    lost.slice(0, EVIDENCE).map(async missing => {
      const event = await ask(`${url}/_emulator/event?id=${missing.id}`).catch(String)
      return { ...missing, event }
    }),
  )
}

async function ask(url: string): Promise<unknown> {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`)
  return response.json()
}
