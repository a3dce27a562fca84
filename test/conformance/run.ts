/** Tries rules on a target, several at once; what moves the clock runs alone, after the others. */
import type { NamedRule } from './load.ts'
import { type Probe, toProbeDraft } from './probe.ts'
import type { Target } from './target/target.ts'
import { createTrial, type SharedProbes } from './trial.ts'

/** What came of one rule. */
export interface Outcome {
  readonly rule: NamedRule
  readonly result: 'passed' | 'failed' | 'skipped'
  /** Why it failed or was skipped. */
  readonly reason?: string
  readonly ms: number
}

/** How many rules run at once. */
const PARALLEL = 4
const RULE_LIMIT_MS = 60_000

/** Tries each rule once; the outcomes are in the order of the rules, `onOutcome` hears of each as it is known. */
export async function runRules(
  rules: readonly NamedRule[],
  target: Target,
  onOutcome: (outcome: Outcome) => void = () => {},
): Promise<Outcome[]> {
  const probes = createSharedProbes(target)
  const outcomes: Outcome[] = []
  const take = async (queue: NamedRule[]): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const outcome = await tryRule(next, target, probes)
      outcomes.push(outcome)
      onOutcome(outcome)
    }
  }
  const together = rules.filter(({ timed }) => !timed)
  await Promise.all(Array.from({ length: PARALLEL }, () => take(together)))
  await take(rules.filter(({ timed }) => timed))
  return outcomes.sort((a, b) => rules.indexOf(a.rule) - rules.indexOf(b.rule))
}

async function tryRule(rule: NamedRule, target: Target, probes: SharedProbes): Promise<Outcome> {
  const skipped = skipReason(rule, target)
  if (skipped !== undefined) return { rule, result: 'skipped', reason: skipped, ms: 0 }
  const begun = performance.now()
  const { trial, close } = createTrial(target, probes)
  try {
    await withLimit(rule.test(trial), RULE_LIMIT_MS * target.patience)
    trial.ok(trial.count() > 0, 'the rule looked at nothing')
    return { rule, result: 'passed', ms: performance.now() - begun }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { rule, result: 'failed', reason, ms: performance.now() - begun }
  } finally {
    await close()
  }
}

function skipReason({ emulator, notOnCluster }: NamedRule, target: Target): string | undefined {
  if (target.kind === 'cluster') return notOnCluster
  return emulator?.parity === 'absent' ? emulator.note : undefined
}

/** Probes that stay up; each is made when a rule first needs it. */
function createSharedProbes(target: Target): SharedProbes {
  const { trial } = createTrial(target, { recorder: neverAsked, shared: neverAsked })
  const once = (name: string): (() => Promise<Probe>) => {
    let making: Promise<Probe> | undefined
    return () => {
      making ??= make(name)
      return making
    }
  }

  async function make(name: string): Promise<Probe> {
    if (!(await target.kubernetes.find('Service', name))) {
      const annotations = { 'min-scale': '1', 'max-scale': '1' }
      const draft = toProbeDraft(name, target, { annotations })
      await target.kubernetes.create('Service', draft)
    }
    return trial.toProbe(await trial.settled('Service', name))
  }

  return { recorder: once('recorder'), shared: once('shared') }
}

const neverAsked = (): Promise<never> => Promise.reject(new Error('a shared probe asks for none'))

async function withLimit(task: Promise<void>, limitMs: number): Promise<void> {
  const late = Promise.withResolvers<void>()
  const timer = setTimeout(
    () => late.reject(new Error(`not done after ${limitMs / 1000} s`)),
    limitMs,
  )
  try {
    await Promise.race([task, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
