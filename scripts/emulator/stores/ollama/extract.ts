/** Answers from the text that was given, in its own words. */
import { rank, type Sentence, toSentences, toTerms } from './text.ts'

/** A message of a chat, as much as matters here. */
export interface Message {
  role: string
  content: string
}

const GOOD_ENOUGH = 0.3
const NEARLY_AS_GOOD = 0.75

/** The two best sentences about the last thing asked; or, when nothing fits, the words that nothing was found for. */
export function answer(messages: Message[]): string {
  const { question, sources } = readQuestion(messages)
  const ranked = rank(question, unique(sources)).filter(({ score }) => score >= GOOD_ENOUGH)
  const [best, second] = ranked
  if (best) {
    const also = second && second.score >= best.score * NEARLY_AS_GOOD ? [second.sentence.text] : []
    return [best.sentence.text, ...also].map(finish).join(' ')
  }
  const phrase = keyPhrase(question)
  if (isQuestion(question)) return `No text given about “${phrase}”.`
  return `“${question.trim()}”`
}

/** Splits what is asked from what may answer it. */
export function readQuestion(messages: Message[]): { question: string; sources: Sentence[] } {
  const last = messages.findLastIndex(({ role }) => role === 'user')
  const asked = messages[last]?.content ?? messages.at(-1)?.content ?? ''
  const own = toSentences(asked)
  const questionAt = own.findLastIndex(({ text }) => isQuestion(text))
  const question = own.length > 1 ? (own[questionAt]?.text ?? asked) : asked
  const rest = own.length > 1 && questionAt >= 0 ? own.filter((_, at) => at !== questionAt) : []
  const before = messages.flatMap(({ role, content }, at) =>
    at === last ? [] : toSentences(content, WEIGHTS[role] ?? 1),
  )
  const sources = [...before, ...rest].filter(
    ({ text }) => !isQuestion(text) && !isInstruction(text),
  )
  return { question: question.replace(/^(?:question|q|user|query)\s*:\s*/i, ''), sources }
}

/** Whether a sentence asks. */
export const isQuestion = (text: string): boolean =>
  /\?["”')]*\s*$/.test(text) ||
  /^\s*(?:(?:what|when|where|which|who|whose|whom|why|how)\b(?!ever)|(?:tell me|remind me|do you (?:know|remember))\b)/i.test(
    text,
  )

/** Whether a sentence tells the model what to do, and so answers nothing. */
export const isInstruction = (text: string): boolean =>
  /^\s*(?:you are|you must|you will|your (?:task|job)|answer|use|do not|don't|never|always|respond|reply|return|extract|decide|output|write|below|here (?:are|is)|(?:known |relevant )?(?:facts|memories)\b[^.]{0,40}:$)/i.test(
    text,
  ) || /:\s*$/.test(text)

/** The best sentences about `subject`, whatever their score. */
export function bestSentences(subject: string, sentences: Sentence[], count: number): string[] {
  const ranked = rank(subject, unique(sentences))
  return ranked
    .filter(({ score }) => score > 0)
    .slice(0, count)
    .map(({ sentence }) => sentence.text)
}

/** Sentences in which someone speaks of themself: "my dog is called Rex". */
export const firstPersonFacts = (sentences: Sentence[]): string[] => [
  ...new Set(
    sentences
      .map(({ text }) => text)
      .filter(
        text =>
          !isQuestion(text) &&
          !/^assistant:/i.test(text) &&
          /\b(?:i|i'm|i’m|i've|my|mine|me|we|our|ours)\b/i.test(text),
      )
      .filter(text => toTerms(text).length > 0),
  ),
]

const WEIGHTS: Readonly<Record<string, number>> = { assistant: 0.7, tool: 1, user: 1, system: 1 }

const finish = (text: string): string => (/[.!?…"”)]$/.test(text) ? text : `${text}.`)

function unique(sentences: Sentence[]): Sentence[] {
  const seen = new Set<string>()
  return sentences.filter(({ text }) => {
    const key = toTerms(text).join(' ')
    return !seen.has(key) && seen.add(key)
  })
}

/** The question without its question words and its end. */
function keyPhrase(question: string): string {
  const stripped = question
    .replace(/[?!.\s]+$/, '')
    .replace(
      /^\s*(?:please\s+)?(?:(?:can|could|would|do|does|did|will)\s+(?:you|we|i|they|it)\s+)?(?:tell me|remind me|know|remember|explain|describe)?\s*/i,
      '',
    )
    .replace(
      /^(?:what|who|where|when|which|why|how)(?:['’]s|\s+(?:is|are|was|were|do|does|did|many|much|old|long))*\s+/i,
      '',
    )
    .replace(/^(?:the|a|an|about)\s+/i, '')
  return stripped.trim() || question.trim()
}
