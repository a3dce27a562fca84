/** Cuts a text into statements and brings each into one spelling, so that rules can read it. */

/** A statement: where it stands in the source, word for word, and its one spelling. */
export interface Statement {
  /** A substring of the source. */
  quote: string
  /** Contractions written out, greetings and fillers gone, no final punctuation. */
  plain: string
  question: boolean
}

const SENTENCE_END = /(?<=[.!?…])(?<!\b(?:Dr|Mr|Mrs|Ms|Prof|St|vs|etc|e\.g|i\.e)\.)\s+|\n+/u
const CLAUSE_END = /(?:,\s*|\s+)(?:and|but|so)\s+(?=(?:i|i'm|i've|i’m|i’ve|my|we|our)\b)|;\s+/iu
const COMMA_SPLICE = /,\s+(?=(?:I|I'm|I've|I’m|I’ve|my|we|our)\b)/u
/** What follows these is not a statement of its own. */
const SUBORDINATE =
  /^(?:if|when|whenever|because|although|though|while|since|as|before|after|unless|until|suppose|imagine)\b/iu
const QUESTION =
  /^(?:what|who|whom|whose|which|where|when|why|how|is|are|am|was|were|do|does|did|can|could|will|would|should|shall|may|have|has)\b/iu

/** Words before the statement. The last group needs punctuation: "no one" is no filler. */
const LEAD =
  /^(?:(?:(?:hi|hello|hey|ok|okay|well|so|and|but|also|actually|btw|by the way|fyi|note|remember|please|do not forget|just so you know|for the record|you should know|in fact|as of now|now|nowadays|these days)(?: (?:that|there|all|everyone))?[\s,:;.!–-]+)|(?:(?:no|yes|oh|correction|update|sorry|thanks|thank you)\s*[,:;.!–-]+\s*))+/iu

const CONTRACTIONS: readonly (readonly [RegExp, string])[] = [
  [/[‘’]/gu, "'"],
  [/[“”]/gu, '"'],
  [/\bcan't\b/giu, 'cannot'],
  [/\bwon't\b/giu, 'will not'],
  [/n't\b/giu, ' not'],
  [/\bI'm\b/giu, 'I am'],
  [/'ve\b/giu, ' have'],
  [/'re\b/giu, ' are'],
  [/'ll\b/giu, ' will'],
  [/\b(name|that|it|there|he|she|who|what)'s\b/giu, '$1 is'],
]

/** All statements of `text`, in its order. */
export function statementsOf(text: string): Statement[] {
  return text
    .split(SENTENCE_END)
    .flatMap(sentence => clausesOf(sentence.trim()))
    .filter(quote => /[\p{L}\p{N}]/u.test(quote))
    .map(toStatement)
}

/** One spelling for one sentence; a change of case or final punctuation is no other sentence. */
export function plainOf(text: string): string {
  let plain = text.normalize('NFKC')
  for (const [pattern, written] of CONTRACTIONS) plain = plain.replace(pattern, written)
  plain = plain.replace(/\s+/gu, ' ').trim()
  return plain
    .replace(LEAD, '')
    .replace(/[\s.!?…,;:]+$/u, '')
    .trim()
}

function clausesOf(sentence: string): string[] {
  if (SUBORDINATE.test(sentence)) return [sentence]
  return sentence.split(CLAUSE_END).flatMap(clause => clause.split(COMMA_SPLICE))
}

function toStatement(quote: string): Statement {
  const plain = plainOf(quote)
  return { quote, plain, question: /\?\s*$/u.test(quote) || QUESTION.test(plain) }
}
