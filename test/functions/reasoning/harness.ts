/** What the tests of `reasoning` share: callers, a scripted model, and answers that it could give. */
import type { Call } from '../../../shared/call.ts'
import type { ChatInput } from '../../../shared/contracts/inference.ts'
import { AppError } from '../../../shared/errors.ts'
import type { Principal } from '../../../shared/principal.ts'

/** A person who may ask. */
export const ANN: Principal = {
  sub: 'ann',
  kind: 'user',
  service: 'gateway',
  permissions: ['cognitive:inference'],
}

/** A model that says what a test tells it to. */
export interface ScriptedModel {
  call: Call
  /** What it was asked. */
  asked: ChatInput[]
}

/** Each answer is text, a value to be sent as JSON, or an error; the last one stays. */
export function scriptedModel(...answers: unknown[]): ScriptedModel {
  const asked: ChatInput[] = []
  const left = [...answers]
  const answer = async (operation: { name: string }, input: ChatInput): Promise<unknown> => {
    if (operation.name !== 'chat') throw new Error(`the test did not expect ${operation.name}`)
    asked.push(input)
    const next = left.length > 1 ? left.shift() : left[0]
    if (next instanceof Error) throw next
    return {
      model: 'scripted',
      content: typeof next === 'string' ? next : JSON.stringify(next),
      done_reason: 'stop',
      prompt_tokens: 1,
      completion_tokens: 1,
      duration_ms: 1,
      cached: false,
    }
  }
  const stream = async (): Promise<never> => {
    throw new Error('the test did not expect a stream')
  }
  return { call: Object.assign(answer, { stream }) as unknown as Call, asked }
}

/** No model is there. */
export const NO_MODEL: AppError = new AppError('model_unavailable', 'the scripted model is down')
