/** Decides by rules: each option is weighed by what the evidence says in its words, for it and against it. */
import type { DecideInput } from '../../shared/contracts/reasoning.ts'
import { normalise } from './concentration.ts'
import { isNegated, type Passage, toPassages, toTerms } from './words.ts'

/** A passage of the evidence that speaks about an option. */
export interface Support {
  /** Id of the evidence. */
  id: string
  quote: string
  /** Below zero when it speaks against. */
  weight: number
}

/** What the rules found; entries are in the order of the options. */
export interface Weighing {
  probabilities: number[]
  /** For each option, strongest first. */
  support: Support[][]
  /** Whether anything speaks for or against anything. */
  conclusive: boolean
}

/** How sharply support turns into probability: twice the support is about three times as likely. */
const SHARPNESS = 2.5
/** One common word in passing is no support. */
const MIN_OVERLAP = 0.12

/** Weighs the options of `input`. */
export function weigh({ options, evidence }: DecideInput): Weighing {
  const terms = options.map(option => new Set(toTerms(`${option.id} ${option.description}`)))
  const rarity = toRarity(terms)
  const passages = evidence.flatMap(({ id, text, weight }) =>
    toPassages(text).map(passage => ({ id, weight, passage })),
  )
  // An option not to do something is supported by what speaks against doing it.
  const negated = options.map(option => isNegated(option.description))
  const support = terms.map((wanted, index) =>
    passages
      .map(({ id, weight, passage }): Support => {
        const overlap = overlapOf(wanted, passage, rarity)
        const sign = passage.negated === negated[index] ? 1 : -1
        return { id, quote: passage.text, weight: sign * weight * overlap }
      })
      .filter(({ weight }) => weight !== 0)
      .toSorted((a, b) => Math.abs(b.weight) - Math.abs(a.weight)),
  )
  const scores = support.map(list => list.reduce((sum, { weight }) => sum + weight, 0))
  const best = Math.max(...scores)
  return {
    probabilities: normalise(scores.map(score => Math.exp(SHARPNESS * (score - best)))),
    support,
    conclusive: scores.some(score => score !== scores[0]),
  }
}

/** What all options say tells them apart in nothing. */
function toRarity(terms: readonly Set<string>[]): Map<string, number> {
  const rarity = new Map<string, number>()
  for (const term of new Set(terms.flatMap(set => [...set]))) {
    const holders = terms.filter(set => set.has(term)).length
    rarity.set(term, Math.log(terms.length / holders))
  }
  return rarity
}

/** The share of the option's telling words that the passage says, 0..1. */
function overlapOf(
  wanted: ReadonlySet<string>,
  { terms }: Passage,
  rarity: ReadonlyMap<string, number>,
): number {
  let shared = 0
  let total = 0
  for (const term of wanted) {
    const weight = rarity.get(term) ?? 0
    total += weight
    if (terms.has(term)) shared += weight
  }
  const overlap = total > 0 ? shared / total : 0
  return overlap >= MIN_OVERLAP ? overlap : 0
}
