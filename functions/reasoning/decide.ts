/** The ladder of a decision: a model whose answer is checked, and rules where it fails or has nothing to show. */
import type { DecideInput, Decision } from '../../shared/contracts/reasoning.ts'
import type { Deps } from '../../shared/deps.ts'
import { AppError } from '../../shared/errors.ts'
import { askModel } from './ask-model.ts'
import { concentration } from './concentration.ts'
import { type Decided, toQuestion } from './question.ts'
import { type Weighing, weigh } from './weigh.ts'

const MAX_QUOTES = 5

/**
 * Decides. `degraded` says that no model gave a usable answer; `method` says whose answer this is: rules also win over
 * a model that shows no evidence, or that holds all options for alike, when they have some themselves.
 */
export async function decideAmong(
  input: DecideInput,
  deps: Pick<Deps, 'call' | 'clock' | 'log'>,
  limits: { timeoutMs: number; signal?: AbortSignal },
): Promise<Decision> {
  assertDistinct('options', input.options)
  assertDistinct('evidence', input.evidence)
  const outcome = await askModel(deps, toQuestion(input), limits)
  const weighing = weigh(input)
  if ('failure' in outcome) {
    return byRules(input, weighing, { degraded: true, model: null, why: outcome.failure })
  }
  const { answer, model } = outcome
  const why = weaknessOf(answer, input)
  if (why !== undefined && weighing.conclusive) {
    return byRules(input, weighing, { degraded: false, model, why })
  }
  return byModel(input, answer, weighing, model)
}

function assertDistinct(name: string, items: readonly { id: string }[]): void {
  const ids = items.map(item => item.id)
  const twice = ids.find((id, index) => ids.indexOf(id) !== index)
  if (twice === undefined) return
  const message = `"${name}" must have distinct ids, got ${JSON.stringify(twice)} twice`
  throw new AppError('validation_failed', message, {
    details: { fields: [{ field: name, message }] },
  })
}

function weaknessOf(answer: Decided, input: DecideInput): string | undefined {
  if (input.evidence.length === 0) return undefined
  if (answer.evidence.length === 0) return 'the model quoted no evidence that can be found'
  if (concentration(answer.probabilities) < 1e-6) return 'the model held all options for alike'
  return undefined
}

function byModel(input: DecideInput, answer: Decided, weighing: Weighing, model: string): Decision {
  const dropped =
    answer.dropped > 0
      ? ` (${answer.dropped} quotes were not in the evidence and are left out)`
      : ''
  return {
    ...frame(input, answer.choice, answer.probabilities, weighing),
    evidence_used: answer.evidence,
    rationale: `${answer.rationale || 'the model gave no reason'}${dropped}`,
    method: 'model',
    degraded: false,
    model,
  }
}

function byRules(
  input: DecideInput,
  weighing: Weighing,
  { degraded, model, why }: { degraded: boolean; model: string | null; why: string },
): Decision {
  const { probabilities, support, conclusive } = weighing
  const choice = probabilities.indexOf(Math.max(...probabilities))
  const quotes = (support[choice] ?? []).slice(0, MAX_QUOTES)
  const found = conclusive
    ? `by its words the evidence speaks most for "${input.options[choice]?.id}" (${count(quotes, 1)} for, ${count(quotes, -1)} against)`
    : 'the evidence tells the options apart in nothing, so the first one stands'
  return {
    ...frame(input, choice, probabilities, weighing),
    evidence_used: quotes.map(({ id, quote, weight }) => ({
      id,
      stance: weight > 0 ? 'supports' : 'contradicts',
      quote,
    })),
    rationale: `${found}; decided by rules, because ${why}`,
    method: 'rules',
    degraded,
    model,
  }
}

type Frame = Pick<Decision, 'decision' | 'confidence' | 'alternatives'>

function frame(
  input: DecideInput,
  choice: number,
  probabilities: readonly number[],
  { support }: Weighing,
): Frame {
  const chosen = input.options[choice]?.id ?? ''
  const share = (index: number): number => probabilities[index] ?? 0
  return {
    decision: chosen,
    confidence: { value: concentration(probabilities), method: 'concentration', calibrated: false },
    alternatives: input.options
      .map(({ id }, index) => ({ option: id, probability: share(index), index }))
      .filter(({ index }) => index !== choice)
      .toSorted((a, b) => b.probability - a.probability)
      .map(({ option, probability, index }) => ({
        option,
        probability,
        why_not: whyNot(support[index] ?? [], probability, chosen, share(choice)),
      })),
  }
}

function whyNot(
  support: Weighing['support'][number],
  probability: number,
  chosen: string,
  best: number,
): string {
  const against = support.find(({ weight }) => weight < 0)
  if (against) return `${against.id} speaks against it: "${against.quote}"`
  const compared = `less likely than "${chosen}" (${percent(probability)} against ${percent(best)})`
  return support.length === 0 ? `no evidence speaks for it; ${compared}` : compared
}

const percent = (value: number): string => `${Math.round(value * 100)} %`

const count = (quotes: readonly { weight: number }[], sign: number): number =>
  quotes.filter(({ weight }) => Math.sign(weight) === sign).length
