/** Plain lexical text work: sentences, words, stems, and how well a sentence fits a question. */

/** A sentence and where it came from. */
export interface Sentence {
  text: string
  /** How much its source counts; 1 is what a user wrote. */
  weight: number
}

/** Splits text into sentences and lines, without list marks and speaker names. */
export function toSentences(text: string, weight = 1): Sentence[] {
  return text
    .split(/\n+/)
    .flatMap(line => line.split(/(?<=[.!?…])\s+(?=[\p{Lu}\p{N}"'(“])/u))
    .map(part =>
      part
        .replace(/^\s*(?:[-*•>#]+|\d+[.)])\s+/, '')
        .replace(/^(?:user|human|context|facts?|memor(?:y|ies)|notes?|document|text):\s*/i, '')
        .trim(),
    )
    .filter(part => /[\p{L}\p{N}]/u.test(part))
    .map(part => ({ text: part, weight }))
}

/** The words of a text in lower case. */
export const toWords = (text: string): string[] =>
  text
    .toLowerCase()
    .normalize('NFKC')
    .replace(/['’]s\b/g, '')
    .match(/[\p{L}\p{N}]+(?:[-_.][\p{L}\p{N}]+)*/gu) ?? []

/** The stems of the words that carry meaning. */
export const toTerms = (text: string): string[] =>
  toWords(text.replace(/([a-z])([A-Z])/g, '$1 $2').replaceAll('_', ' '))
    .filter(word => !STOP_WORDS.has(word))
    .map(stem)

/** Takes the commonest English endings off. */
export function stem(word: string): string {
  if (word.length < 4 || /\d/.test(word)) return word
  const base = word
    .replace(/(?:ies)$/, 'y')
    .replace(/(sses|shes|ches|xes)$/, match => match.slice(0, -2))
    .replace(/([^su])s$/, '$1')
  if (base.length > 5 && /(?:ing|ed)$/.test(base)) {
    return base
      .replace(/(?:ing|ed)$/, '')
      .replace(/([^aeiouls])\1$/, '$1')
      .replace(/e$/, '')
  }
  return base.length > 4 ? base.replace(/e$/, '') : base
}

/** Ranks sentences by the rare words that they share with `question`; scores go from 0 to about 1. */
export function rank(
  question: string,
  sentences: Sentence[],
): { sentence: Sentence; score: number }[] {
  const wanted = [...new Set(toTerms(question))]
  const terms = sentences.map(({ text }) => new Set(toTerms(text)))
  const rarity = new Map(
    wanted.map(term => {
      const holders = terms.filter(set => set.has(term)).length
      return [term, Math.log(1 + (sentences.length + 1) / (holders + 0.5))] as const
    }),
  )
  const total = [...rarity.values()].reduce((sum, value) => sum + value, 0) || 1
  const hint = answerHint(question)
  return sentences
    .map((sentence, at) => {
      const shared = wanted.reduce(
        (sum, term) => sum + (terms[at]?.has(term) ? (rarity.get(term) ?? 0) : 0),
        0,
      )
      const brevity = 1 / (1 + Math.log1p((terms[at]?.size ?? 0) / 12) / 4)
      const bonus = shared > 0 && hint?.test(sentence.text) ? 1.15 : 1
      return { sentence, score: (shared / total) * sentence.weight * brevity * bonus }
    })
    .sort((a, b) => b.score - a.score)
}

/** What an answer to "when", "where", "who" or "how many" looks like. */
function answerHint(question: string): RegExp | undefined {
  const word = /\b(when|where|who|how (?:many|much|old|long))\b/i.exec(question)?.[1]?.toLowerCase()
  if (!word) return undefined
  if (word === 'where') return /\b(?:in|at|from|near|to)\s+\p{Lu}/u
  if (word === 'who') return /\s\p{Lu}\p{Ll}+/u
  return /\d/
}

const STOP_WORDS: ReadonlySet<string> = new Set(
  `a about am an and any are as at be been but by can could did do does for from had has have he her hers him his how i if
  in into is it its just know let like me mine my of on or our ours please remember said say she should so some tell than
  that the their them then there these they this those to too up us was we were what when where which who whom why will
  with would you your yours again also now not remind`.split(/\s+/),
)
