/** Asks `memory` what is known that helps with a question. */
import { recall } from '../../shared/contracts/memory.ts'
import type { Principal } from '../../shared/principal.ts'
import type { ChatDeps } from './settings.ts'

/** A memory that goes into the prompt. */
export interface Recollection {
  id: string
  text: string
  score: number
  /** When it began to be true, RFC 3339. */
  since: string
}

const MAX_QUERY = 1_000
/** Weaker matches are noise in a prompt. */
const THRESHOLD = 0.1

/** The best memories for `question`; none when `memory` does not answer, as an answer without them is better than none. */
export async function recollect(
  deps: ChatDeps,
  question: string,
  { principal, signal }: { principal: Principal; signal: AbortSignal },
): Promise<Recollection[]> {
  const { RECALL_LIMIT: limit, RECALL_TIMEOUT_MS: timeoutMs } = deps.config
  if (limit === 0 || question.trim() === '') return []
  try {
    const { results } = await deps.call(
      recall,
      { query: cut(question), limit, threshold: THRESHOLD, include_superseded: false },
      { principal, signal, timeoutMs },
    )
    return results.map(({ id, text, score, valid_from }) => ({
      id,
      text,
      score,
      since: valid_from,
    }))
  } catch (error) {
    if (signal.aborted) throw error
    deps.log.warn('the answer goes on without memories', { error })
    return []
  }
}

/** A long question says what it wants at its beginning or at its end. */
const cut = (question: string): string =>
  question.length <= MAX_QUERY
    ? question
    : `${question.slice(0, MAX_QUERY / 2 - 1)}\n${question.slice(-MAX_QUERY / 2)}`
