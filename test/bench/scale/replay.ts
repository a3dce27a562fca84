/** Replays one recorded load on the virtual clock and compares every decision with the formula's. */
import { createFormula } from './formula.ts'
import { levelAt, type Scenario, secondsOf } from './scenarios.ts'
import { createWorld, until, type World } from './world.ts'

/** What a replay showed. */
export interface Replay {
  readonly decisions: number
  /** Decisions that differ, in words. */
  readonly mismatches: readonly string[]
  readonly peak: number
  /** Real milliseconds from a decision for more replicas until all of them were ready. */
  readonly lagsMs: readonly number[]
  /** Real milliseconds from the first request at zero to the first ready replica. */
  readonly firstReplicaMs: readonly number[]
  /** Replicas left at the end, which must be none. */
  readonly left: number
}

const STEP_MS = 500
const TICK_STEPS = 4
const SECOND_STEPS = 2
/** A whole second, so that the formula's seconds begin where the emulator's do. */
const START_MS = 1_800_000_000_000

/** Runs a scenario from zero to zero. */
export async function replay(scenario: Scenario, signal: AbortSignal): Promise<Replay> {
  const world = await createWorld(scenario, START_MS)
  const { load, settings } = scenario
  const formula = createFormula(settings)
  const mismatches: string[] = []
  const lagsMs: number[] = []
  const firstReplicaMs: number[] = []
  let decisions = 0
  let peak = 0
  /** Of the second that runs: the sum of its steps' levels, and whether anything was there to ask. */
  let sum = 0
  let isAsked = false
  let before = world.scale()

  function compare(now: number): void {
    const expected = formula.decide(now, before.ready)
    const { desired } = world.scale()
    decisions++
    peak = Math.max(peak, desired)
    if (desired === expected) return
    mismatches.push(`${scenario.name} at ${now} s: ${desired} instead of ${expected}`)
  }

  async function settle(): Promise<void> {
    const begun = performance.now()
    const { desired } = world.scale()
    const isMore = desired > before.ready
    await until(`${desired} replicas`, () => {
      const { ready, starting } = world.scale()
      return ready === desired && starting === 0
    })
    if (isMore) lagsMs.push(performance.now() - begun)
    before = world.scale()
  }

  async function apply(now: number, level: number): Promise<void> {
    const isFirst = level > 0 && before.desired === 0
    if (isFirst) {
      formula.poke(now)
      world.onFirstReplica(at => firstReplicaMs.push(at - begun))
    }
    const begun = performance.now()
    const applied = settings.metric === 'rps' ? world.sendQuick(level) : world.setInFlight(level)
    if (isFirst) {
      await until('the first decision', () => world.scale().desired > 0)
      compare(now)
    }
    await applied
    await settle()
  }

  try {
    const steps = (secondsOf(load) * 1_000) / STEP_MS
    for (let step = 0; step < steps; step++) {
      signal.throwIfAborted()
      const now = (step * STEP_MS) / 1_000
      const level = toStepLevel(scenario, step)
      await apply(now, level)
      sum += level
      isAsked ||= before.ready > 0 || level > 0
      await world.clock.advance(STEP_MS)
      const next = step + 1
      if (next % SECOND_STEPS === 0) {
        const value = settings.metric === 'rps' ? sum : sum / SECOND_STEPS
        formula.measured(next / SECOND_STEPS - 1, isAsked ? value : undefined)
        sum = 0
        isAsked = false
      }
      if (next % TICK_STEPS !== 0) continue
      compare((next * STEP_MS) / 1_000)
      await settle()
    }
    return {
      decisions,
      mismatches,
      peak,
      lagsMs,
      firstReplicaMs,
      left: leftIn(world),
    }
  } finally {
    await world.close()
  }
}

/** Requests in flight during a step, or sent in it: a second's are spread over its steps. */
function toStepLevel({ load, settings }: Scenario, step: number): number {
  const level = levelAt(load, (step * STEP_MS) / 1_000)
  if (settings.metric !== 'rps') return level
  return step % SECOND_STEPS === 0
    ? Math.ceil(level / SECOND_STEPS)
    : Math.floor(level / SECOND_STEPS)
}

const leftIn = (world: World): number => world.scale().ready + world.scale().starting
