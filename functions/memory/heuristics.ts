/** Extracts facts with rules alone: what is said in the first person, and what names a date. */
import type { MemoryKind } from '../../shared/contracts/memory.ts'
import { statementsOf } from './sentences.ts'
import { wordsOf } from './words.ts'

/** A fact that an extractor found. */
export interface Fact {
  /** Self-contained, 1 to 80 words. */
  text: string
  kind: Exclude<MemoryKind, 'episode'>
  confidence: number
  /** Where the source says it, word for word. */
  quote: string
}

const MAX_WORDS = 80
const VERBS =
  'am|was|have|had|own|live|lived|reside|work|worked|study|studied|speak|play|drive|moved|relocated|grew|joined|started|quit|left|bought|sold|got|met|married|visited|went|use|used|run|built|build|maintain|manage|lead|deployed|deploy|switched|migrated|decided|learned|graduated|was born|take|eat|drink|cook|read|support|follow|collect|practise|practice|teach|train'
const ADVERBS =
  '(?:(?:now|currently|still|also|really|just|recently|usually|always|often|never|no longer|do not|did not|absolutely) )*'

/** Said about the conversation, not about the speaker. */
const IDLE =
  /^(?:i|we) (?:am|was|are|were|have|had|need|want|would|just|do|did)? ?(?:not )?(?:sure|sorry|afraid|glad|curious|wondering|asking|looking for|trying|talking|saying|confused|lost|a question|another question|no idea|know|understand|mean|think|guess|see|help|hope|a problem with you|you)\b/iu

const FORMS: readonly (readonly [RegExp, Fact['kind'], number])[] = [
  [
    /^(?:i|we) (?:will|shall|am going to|are going to|plan to|intend to|want to|hope to|am planning|are planning)\b/iu,
    'plan',
    0.7,
  ],
  [
    new RegExp(
      `^(?:i|we) ${ADVERBS}(?:like|love|enjoy|adore|prefer|hate|dislike|detest|cannot stand)\\b`,
      'iu',
    ),
    'preference',
    0.85,
  ],
  [/^(?:my|our) (?:\S+ )*?favou?rite\b/iu, 'preference', 0.9],
  [
    /^(?:my|our) .+ (?:is|are|was|were|has|have|had|will|likes?|loves?|lives?|works?|moved|changed|called|named)\b/iu,
    'fact',
    0.85,
  ],
  [/^(?:call me|you can call me|i am called) /iu, 'fact', 0.9],
  [new RegExp(`^(?:i|we) ${ADVERBS}(?:${VERBS}|are|were)\\b`, 'iu'), 'fact', 0.8],
  [/^\p{Lu}[\p{L}'-]+(?: \p{Lu}[\p{L}'-]+)* is (?:my|our) /u, 'fact', 0.85],
]

const DATE =
  /\b\d{4}-\d{2}-\d{2}\b|\b(?:january|february|march|april|june|july|august|september|october|november|december|may \d|monday|tuesday|wednesday|thursday|friday|saturday|sunday)\b|\b(?:tomorrow|yesterday|tonight|next (?:week|month|year)|last (?:week|month|year|night))\b/iu
const COPULA =
  /\b(?:is|are|was|were|has|have|will|starts?|ends?|happens?|moved|changed|takes? place)\b/iu
const PAST =
  /\b(?:was|were|went|met|bought|sold|visited|moved|joined|left|yesterday|last (?:week|month|year|night)|ago)\b/iu
const FUTURE = /\b(?:will|going to|tomorrow|next (?:week|month|year)|plan(?:s|ned|ning)?)\b/iu

/** The facts of `source`, in its order. */
export function heuristicFacts(source: string): Fact[] {
  return statementsOf(source).flatMap(({ quote, plain, question }) => {
    const found = question || IDLE.test(plain) ? undefined : formOf(plain)
    const words = wordsOf(plain).length
    if (!found || words < 2 || words > MAX_WORDS) return []
    return [{ text: plain, quote, ...found }]
  })
}

function formOf(plain: string): Pick<Fact, 'kind' | 'confidence'> | undefined {
  const dated = DATE.test(plain)
  const form = FORMS.find(([pattern]) => pattern.test(plain))
  if (form) {
    const [, kind, confidence] = form
    return { kind: kind === 'fact' && dated ? timeOf(plain) : kind, confidence }
  }
  if (dated && COPULA.test(plain)) return { kind: timeOf(plain), confidence: 0.6 }
  return undefined
}

const timeOf = (plain: string): 'plan' | 'event' | 'fact' =>
  FUTURE.test(plain) ? 'plan' : PAST.test(plain) ? 'event' : 'fact'
