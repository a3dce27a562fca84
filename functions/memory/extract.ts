/** Phase 1: what does a text say about its user? One model call, held to the source; rules when no model answers. */
import { chat } from '../../shared/contracts/inference.ts'
import { type Fact, heuristicFacts } from './heuristics.ts'
import { plainOf, statementsOf } from './sentences.ts'
import type { MemoryDeps } from './settings.ts'
import { type Refusal, refusalOf } from './validate.ts'
import { contentWords } from './words.ts'

/** The facts of a text, and how they were found. */
export interface Extraction {
  facts: Fact[]
  refused: Refusal[]
  extractor: 'model' | 'heuristic' | 'none'
}

/** What is read: facts come from `source` alone. */
export interface Reading {
  source: string
  /** What the assistant answered. */
  context: string
  occurredAt: Date
}

const KINDS = ['fact', 'preference', 'event', 'plan'] as const
const MAX_FACTS = 40
/** Fewer words than this state nothing that lasts. */
const MIN_WORDS = 3

const INSTRUCTIONS = `Extract lasting facts about the user from the user's message: who they are, what they have, prefer, plan or decided, and the dates and numbers they give.
Each fact stands alone and has 80 words or fewer. Copy into "quote" the exact words of the user's message that state it. Questions, greetings and requests are not facts. When there is none, answer {"facts":[]}.`

const FORMAT = {
  type: 'object',
  properties: {
    facts: {
      type: 'array',
      maxItems: MAX_FACTS,
      items: {
        type: 'object',
        properties: {
          text: { type: 'string' },
          kind: { type: 'string', enum: KINDS },
          subject: { type: 'string' },
          confidence: { type: 'number', minimum: 0, maximum: 1 },
          quote: { type: 'string' },
        },
        required: ['text', 'kind', 'subject', 'confidence', 'quote'],
      },
    },
  },
  required: ['facts'],
}

/** Reads `reading`; never throws for a model's sake: without one, the rules' facts are the answer. */
export async function extract(deps: MemoryDeps, reading: Reading): Promise<Extraction> {
  const states = statementsOf(reading.source).some(
    ({ plain, question }) => !question && plain.split(' ').length >= MIN_WORDS,
  )
  if (!states) return { facts: [], refused: [], extractor: 'none' }
  const evidence = { ...reading, instructions: INSTRUCTIONS }
  const ruled = heuristicFacts(reading.source)
  const claimed = await askModel(deps, reading)
  const refused: Refusal[] = []
  const held = (fact: Fact): boolean => {
    const refusal = refusalOf(fact, evidence)
    if (refusal) refused.push(refusal)
    return refusal === undefined
  }
  return {
    facts: unite(ruled.filter(held), (claimed ?? []).filter(held)),
    refused,
    extractor: claimed ? 'model' : 'heuristic',
  }
}

async function askModel(deps: MemoryDeps, reading: Reading): Promise<Fact[] | undefined> {
  try {
    const { content } = await deps.call(
      chat,
      {
        messages: [
          { role: 'system', content: INSTRUCTIONS },
          { role: 'user', content: toPrompt(reading) },
        ],
        format: FORMAT,
        options: { temperature: 0 },
      },
      {
        timeoutMs: deps.config.EXTRACT_TIMEOUT_MS,
        principal: { sub: deps.service, kind: 'service', service: deps.service, permissions: [] },
      },
    )
    return parseFacts(content)
  } catch (error) {
    deps.log.warn('no model extracted facts, rules do', { error })
    return undefined
  }
}

const toPrompt = ({ source, context, occurredAt }: Reading): string =>
  [
    `Date: ${occurredAt.toISOString().slice(0, 10)}`,
    ...(context === '' ? [] : [`The assistant's answer, for context only:\n${context}`]),
    `The user's message:\n${source}`,
  ].join('\n\n')

/** @throws Error when the answer is not what was asked for; single facts that are not are left out */
function parseFacts(content: string): Fact[] {
  const answer = JSON.parse(content) as { facts?: unknown } | null
  if (!Array.isArray(answer?.facts)) throw new TypeError('"facts" must be a list')
  return answer.facts.slice(0, MAX_FACTS).flatMap((item: unknown) => {
    const { text, kind, confidence, quote } = (item ?? {}) as Record<string, unknown>
    const known = KINDS.find(name => name === kind)
    if (typeof text !== 'string' || typeof quote !== 'string' || !known) return []
    const sure = typeof confidence === 'number' && Number.isFinite(confidence) ? confidence : 0.5
    return [{ text: plainOf(text), kind: known, confidence: Math.min(1, Math.max(0, sure)), quote }]
  })
}

/** A statement is one fact: where both found it, the rules' wording stays, as it is the user's own. */
function unite(ruled: Fact[], claimed: Fact[]): Fact[] {
  const facts = [...ruled]
  for (const fact of claimed) {
    const quote = plainOf(fact.quote)
    const twin = facts.some(known => {
      const own = plainOf(known.quote)
      return own.includes(quote) || (quote.includes(own) && saysNoMore(fact.text, own))
    })
    if (!twin) facts.push(fact)
  }
  return facts
}

function saysNoMore(text: string, than: string): boolean {
  const known = new Set(contentWords(than))
  return contentWords(text).every(word => known.has(word))
}
