/** Decides whether a fact that a model claims to have read is really in the source. */
import { isPlain } from '../../shared/text.ts'
import type { Fact } from './heuristics.ts'
import { statementsOf } from './sentences.ts'
import { contentWords, numbersOf, wordsOf } from './words.ts'

/** Why a fact was refused. */
export type Refusal =
  | 'characters'
  | 'length'
  | 'quote'
  | 'question'
  | 'number'
  | 'support'
  | 'echo'
  | 'injection'
  | 'secret'

/** What a fact is held against. */
export interface Evidence {
  source: string
  /** What the assistant answered: it may explain a pronoun, it is never a fact by itself. */
  context: string
  /** The words that the model was instructed with. */
  instructions: string
}

const MAX_WORDS = 80
/** Share of a fact's own words that must stand in the source or its context. */
const MIN_SUPPORT = 0.5
const SHINGLE = 5
const MAX_ECHO = 0.5

/** Orders to a model have no place in what a model is later told about the user. */
const INJECTION =
  /\b(?:ignore|disregard|forget|override)\b.{0,40}\b(?:previous|prior|above|earlier|all|system|your)\b.{0,40}\b(?:instructions?|prompts?|rules?|messages?)\b|\bsystem prompt\b|\byou (?:must|are now|will now|shall)\b|\b(?:act|behave|respond) as (?:if|an?)\b|<\|[^|]*\|>|<\/?(?:system|assistant|tool)[^>]*>|\[\/?INST\]/iu
/** Credentials stay out of prompts. */
const SECRET =
  /\b(?:password|passphrase|passcode|pin|api[ _-]?key|secret|access token|private key)\b.{0,20}(?:\bis\b|:|=)|-----BEGIN|\bAKIA[0-9A-Z]{16}\b|\b(?:sk|ghp|glpat|xox[bp])[-_][A-Za-z0-9_-]{16,}/iu

/** The checks in order, the cheapest first. */
const CHECKS: readonly (readonly [Refusal, (fact: Fact, evidence: Evidence) => boolean])[] = [
  // Postgres stores neither NUL nor half a surrogate pair; a fact that holds one would end the whole event.
  ['characters', ({ text, quote }) => isPlain(text) && isPlain(quote)],
  ['length', ({ text }) => wordsOf(text).length >= 1 && wordsOf(text).length <= MAX_WORDS],
  ['injection', isNoOrder],
  ['secret', isNoSecret],
  [
    'quote',
    ({ quote }, { source }) => squash(quote) !== '' && squash(source).includes(squash(quote)),
  ],
  ['question', ({ quote }, { source }) => !isQuestion(quote, source)],
  ['number', ({ text }, { source }) => numbersOf(text).every(number => source.includes(number))],
  ['echo', ({ text }, { instructions, source }) => !isEcho(text, instructions, source)],
  [
    'support',
    ({ text }, { source, context }) => support(text, `${source} ${context}`) >= MIN_SUPPORT,
  ],
]

/** The first check that `fact` fails, or `undefined` when it holds. */
export function refusalOf(fact: Fact, evidence: Evidence): Refusal | undefined {
  return CHECKS.find(([, holds]) => !holds(fact, evidence))?.[0]
}

function isNoOrder({ text, quote }: Fact): boolean {
  return !INJECTION.test(text) && !INJECTION.test(quote)
}

function isNoSecret({ text, quote }: Fact): boolean {
  return !SECRET.test(text) && !SECRET.test(quote)
}

/** Whether the source asks what the quote is said to state. */
function isQuestion(quote: string, source: string): boolean {
  const wanted = squash(quote)
  return statementsOf(source).some(
    statement =>
      statement.question &&
      (squash(statement.quote).includes(wanted) || wanted.includes(squash(statement.quote))),
  )
}

/** Whether the text repeats the instructions; what the source says too is no echo. */
function isEcho(text: string, instructions: string, source: string): boolean {
  const shingles = shinglesOf(text)
  if (shingles.length === 0) return false
  const told = ` ${wordsOf(instructions).join(' ')} `
  const said = ` ${wordsOf(source).join(' ')} `
  const echoed = shingles.filter(part => told.includes(` ${part} `) && !said.includes(` ${part} `))
  return echoed.length / shingles.length > MAX_ECHO
}

function shinglesOf(text: string): string[] {
  const words = wordsOf(text)
  return words.slice(SHINGLE - 1).map((_, index) => words.slice(index, index + SHINGLE).join(' '))
}

function support(text: string, source: string): number {
  const words = contentWords(text)
  if (words.length === 0) return 1
  const known = new Set(contentWords(source))
  return words.filter(word => known.has(word)).length / words.length
}

/** Case, spacing and the quotation marks that models like to straighten do not matter. */
const squash = (text: string): string =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[‘’]/gu, "'")
    .replace(/[“”]/gu, '"')
    .replace(/\s+/gu, ' ')
    .replace(/[\s.!?…,;:]+$/u, '')
    .trim()
