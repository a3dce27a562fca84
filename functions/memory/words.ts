/** Small facts about a text that decide whether two texts can mean the same. */

const NEGATION = /\b(?:not|no|never|none|nothing|nobody|cannot|without|neither|nor|n't)\b|n't\b/giu
const NUMBER = /\d+(?:[.,:/-]\d+)*/gu
const WORD = /[\p{L}\p{N}]+(?:['’][\p{L}]+)?/gu
/** British and American spellings, and words that name one thing. */
const SPELLINGS: readonly (readonly [RegExp, string])[] = [
  [/\bfavorite(s?)\b/gu, 'favourite$1'],
  [/\bcolor(s|ed)?\b/gu, 'colour$1'],
  [/\bneighbor(s?)\b/gu, 'neighbour$1'],
  [/\bcenter(s?)\b/gu, 'centre$1'],
]
const STOP = new Set(
  `a an and are as at be been but by did do does for from had has have he her his i in is it its me my of on or our she so
  that the their them they this to user user's users was we were will with you your`.split(/\s+/),
)

/** All words, lower case. */
export const wordsOf = (text: string): string[] =>
  Array.from(text.toLowerCase().matchAll(WORD), ([word]) => word)

/** Words that carry meaning, cut to their stem the rough way: equal words of two forms meet. */
export const contentWords = (text: string): string[] =>
  wordsOf(text)
    .filter(word => !STOP.has(word))
    .map(word => word.replace(/(?:['’]s|ing|ed|es|s)$/u, '') || word)

/** Numbers, dates and versions as they are written. */
export const numbersOf = (text: string): string[] =>
  Array.from(text.matchAll(NUMBER), ([number]) => number)

/** One spelling for words that are spelt in two ways; lower case. */
export function respell(text: string): string {
  let plain = text.normalize('NFKC').toLowerCase().replace(/’/gu, "'")
  for (const [pattern, spelling] of SPELLINGS) plain = plain.replace(pattern, spelling)
  return plain
}

/** Lower case, one spelling, single spaces, no punctuation at word ends. */
export const normalise = (text: string): string =>
  respell(text)
    .replace(/["“”()[\]]/gu, ' ')
    .replace(/[.,;:!?…]+(?=\s|$)/gu, ' ')
    .replace(/\s+/gu, ' ')
    .trim()

/**
 * Whether two texts that a vector calls equal really agree: the same numbers, negations and names. A vector sees no
 * difference between "the limit is 100" and "the limit is 120".
 */
export function agree(one: string, other: string): boolean {
  return [numbersOf, negationsOf, namesOf].every(
    facts => facts(one).sort().join(' ') === facts(other).sort().join(' '),
  )
}

const negationsOf = (text: string): string[] =>
  Array.from(text.matchAll(NEGATION), ([word]) => word.toLowerCase())

/** Capitalised words that do not begin the sentence, addresses and identifiers. */
const namesOf = (text: string): string[] =>
  Array.from(text.matchAll(/(?<=\S\s+)\p{Lu}[\p{L}\p{N}]+|\S+[@/_]\S+/gu), ([name]) =>
    name.toLowerCase(),
  )
