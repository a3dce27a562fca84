/** Asks a model for JSON that passes a check: one repair, within the time that the caller has left. */
import { chat, type Message } from '../../shared/contracts/inference.ts'
import type { Deps } from '../../shared/deps.ts'
import { AppError } from '../../shared/errors.ts'
import { currentContext } from '../../shared/trace.ts'

/** What the model is asked. `check` turns its JSON into the answer, or says in its own words what is wrong. */
export interface Asked<T> {
  messages: Message[]
  schema: Record<string, unknown>
  check: (value: unknown) => { answer: T } | { problem: string }
}

/** The model's checked answer, or why there is none. */
export type Outcome<T> = { answer: T; model: string } | { failure: string; model: string | null }

/** Time kept for the answer by rules. */
const RESERVE_MS = 500
const MIN_TIME_MS = 250

/** Never throws: no model, no time and no usable answer are outcomes. */
export async function askModel<T>(
  deps: Pick<Deps, 'call' | 'clock' | 'log'>,
  { messages, schema, check }: Asked<T>,
  { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal },
): Promise<Outcome<T>> {
  const until = deps.clock.now() + timeoutMs
  let model: string | null = null
  let conversation = messages
  let problem = ''
  for (let tries = 1; tries <= 2; tries += 1) {
    const left = timeLeft(deps.clock.now(), until)
    if (left < MIN_TIME_MS) return { failure: problem || 'no time was left for a model', model }
    try {
      const completion = await deps.call(
        chat,
        { messages: conversation, format: schema, options: { temperature: 0 } },
        { timeoutMs: left, ...(signal && { signal }) },
      )
      model = completion.model
      const checked = read(completion.content, check)
      if ('answer' in checked) return { answer: checked.answer, model }
      problem = `the model's answer was not usable: ${checked.problem}`
      conversation = [
        ...messages,
        { role: 'assistant', content: completion.content },
        { role: 'user', content: `That is not usable: ${checked.problem}. Answer again in full.` },
      ]
    } catch (error) {
      signal?.throwIfAborted()
      const reason = error instanceof AppError ? error.message : 'an unexpected error'
      deps.log.warn('no model could be asked, rules answer', { error })
      return { failure: `no model could be asked: ${reason}`, model }
    }
  }
  deps.log.warn(problem, { model })
  return { failure: problem, model }
}

function read<T>(
  content: string,
  check: (value: unknown) => { answer: T } | { problem: string },
): { answer: T } | { problem: string } {
  let value: unknown
  try {
    value = JSON.parse(content)
  } catch {
    return { problem: 'it is not JSON' }
  }
  return check(value)
}

function timeLeft(now: number, until: number): number {
  const deadline = currentContext()?.deadline
  return Math.min(until, deadline === undefined ? until : deadline - RESERVE_MS) - now
}
