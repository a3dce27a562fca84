/** Builds the prompt of an answer: what is known about the user, as much history as fits, the question. */
import type { Message } from '../../shared/contracts/inference.ts'
import type { Recollection } from './recollect.ts'

/** A finished turn of the history, its oldest first. */
export interface PastMessage {
  role: 'user' | 'assistant'
  content: string
}

/** The usual estimate for English; other scripts take more, so the budget keeps a share for the answer. */
const CHARS_PER_TOKEN = 4
/** What history may not take, so that there is room to answer. */
const ANSWER_SHARE = 0.25
const MAX_MEMORY_CHARS = 500

const INSTRUCTIONS = 'Answer the question. Use what is known about the user where it helps.'

/** The question stands whole at the end, however long it is; the oldest history is left out first. */
export function toPrompt({
  question,
  memories,
  history,
  contextTokens,
}: {
  question: string
  memories: readonly Recollection[]
  history: readonly PastMessage[]
  contextTokens: number
}): Message[] {
  const system = toSystem(memories)
  let left = contextTokens * (1 - ANSWER_SHARE) - tokensOf(system) - tokensOf(question)
  const kept: Message[] = []
  for (const { role, content } of history.toReversed()) {
    left -= tokensOf(content)
    if (left < 0) break
    kept.unshift({ role, content })
  }
  // An answer without its question would answer nothing.
  if (kept[0]?.role === 'assistant') kept.shift()
  return [{ role: 'system', content: system }, ...kept, { role: 'user', content: question }]
}

/** An estimate. */
export const tokensOf = (text: string): number => Math.ceil(text.length / CHARS_PER_TOKEN) + 4

function toSystem(memories: readonly Recollection[]): string {
  if (memories.length === 0) return INSTRUCTIONS
  const lines = memories.map(({ text, since }) => `- ${oneLine(text)} (${since.slice(0, 10)})`)
  return `${INSTRUCTIONS}\n\nWhat is known about the user:\n${lines.join('\n')}`
}

/** A memory is data: it may not open a line of its own. */
const oneLine = (text: string): string => {
  const line = text.replace(/\s+/gu, ' ').trim()
  return line.length > MAX_MEMORY_CHARS ? `${line.slice(0, MAX_MEMORY_CHARS)}…` : line
}
