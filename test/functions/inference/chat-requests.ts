/** Questions to the chat of `inference`, and its answers read. */
import type { ChatDelta } from '../../../shared/contracts/inference.ts'
import { parseSse } from '../../../shared/sse.ts'

export const CHAT = '/api/v1/inference/chat'
export const STREAM = '/api/v1/inference/chat/stream'
/** A question as it is posted. */
export interface Question {
  readonly messages: readonly { role: string; content: string }[]
  readonly options?: { temperature: number }
}

export const QUESTION: Question = { messages: [{ role: 'user', content: 'who is there?' }] }

/** A question that is sure to be answered the same. */
export const SURE: Question = { ...QUESTION, options: { temperature: 0 } }

/** The status, code and message of an error. */
export async function errorOf(
  response: Response,
): Promise<{ status: number; code: string; message: string }> {
  const { error } = (await response.json()) as { error: { code: string; message: string } }
  return { status: response.status, code: error.code, message: error.message }
}

/** All frames of a streamed answer. */
export async function framesOf(response: Response): Promise<ChatDelta[]> {
  const frames: ChatDelta[] = []
  for await (const { data } of parseSse(response.body as AsyncIterable<Uint8Array>)) {
    frames.push(JSON.parse(data) as ChatDelta)
  }
  return frames
}
