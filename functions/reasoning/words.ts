/** Words and passages of a text, for comparing by what is said. */

/** A passage that makes one statement: a sentence, or a part of it that a conjunction sets against the rest. */
export interface Passage {
  /** A substring of the text. */
  text: string
  terms: Set<string>
  /** Whether it says that something is not so. */
  negated: boolean
}

const PASSAGE_END =
  /(?<=[.!?;])\s+|\n+|,?\s+(?=(?:but|however|although|though|whereas|while|yet)\s)/i
const NEGATOR =
  /\b(?:not|no|never|none|nobody|nothing|neither|nor|without|cannot|lacks?|lacking|fails?|failed|unable|avoid|against|unlikely|ruled out)\b|n['’]t\b/gi

/** Splits into passages; two negations in one make it positive again. */
export function toPassages(text: string): Passage[] {
  return text
    .split(PASSAGE_END)
    .map(part => part.trim())
    .filter(part => part !== '')
    .map(part => ({
      text: part,
      terms: new Set(toTerms(part)),
      negated: isNegated(part),
    }))
}

/** Whether a statement says that something is not so. */
export const isNegated = (text: string): boolean => (text.match(NEGATOR)?.length ?? 0) % 2 === 1

/** The stems of the words that carry meaning. */
export function toTerms(text: string): string[] {
  const words = text.replaceAll(/([\p{Ll}\d])(\p{Lu})/gu, '$1 $2').toLowerCase()
  return (words.match(/[\p{L}\d]+(?:\.\d+)*/gu) ?? [])
    .filter(word => !STOP_WORDS.has(word))
    .map(toStem)
}

/** Enough to bring the forms of one English word together; other languages are compared as they are. */
function toStem(word: string): string {
  if (word.length < 4 || /\d/.test(word)) return word
  const singular = word.replace(/ies$/, 'y').replace(/(?<=[^su])s$/, '')
  const base = singular.length > 5 ? singular.replace(/(?:ing|ed)$/, '') : singular
  return base.replace(/([^aeiouls])\1$/, '$1').replace(/(?<=...)e$/, '')
}

const STOP_WORDS: ReadonlySet<string> = new Set(
  `a about after all also am an and any are as at be been before but by can could did do does for from had has have he
  her his how i if in into is it its just may might more most my no nor not of on or our out over own she should so some
  such than that the their them then there these they this those to too under up us very was we were what when where
  which who why will with would you your`.split(/\s+/),
)
