/** Reads the model's answer as it is written. */
import { type ChatDelta, chatStream, type Message } from '../../shared/contracts/inference.ts'
import { AppError, fromEnvelope } from '../../shared/errors.ts'
import type { Principal } from '../../shared/principal.ts'
import { parseSse } from '../../shared/sse.ts'
import type { ChatDeps } from './settings.ts'

/** One piece of the answer. */
export interface Piece {
  text: string
  model: string
}

/**
 * The pieces of the answer to `messages`; aborting `signal` stops the model.
 * @throws {@link AppError} the model's own error, or `upstream_error` when the answer ends without being finished
 */
export async function* modelAnswer(
  deps: ChatDeps,
  { messages, model }: { messages: Message[]; model: string | undefined },
  { principal, signal }: { principal: Principal; signal: AbortSignal },
): AsyncGenerator<Piece> {
  const response = await deps.call.stream(
    chatStream,
    { messages, ...(model !== undefined && { model }) },
    { principal, signal, timeoutMs: deps.config.ANSWER_TIMEOUT_MS },
  )
  for await (const { data } of parseSse(bytesOf(response.body))) {
    const frame = parseFrame(data)
    if (frame.error) {
      // The status is unknown inside a stream; the code says more.
      throw fromEnvelope(502, { error: { ...frame.error, details: {} } }, 'inference')
    }
    if (frame.delta) yield { text: frame.delta, model: frame.model }
    if (frame.done) return
  }
  throw new AppError('upstream_error', 'the answer ended before it was finished')
}

function parseFrame(data: string): ChatDelta {
  try {
    const frame: unknown = JSON.parse(data)
    if (typeof frame === 'object' && frame !== null) return frame as ChatDelta
  } catch (cause) {
    throw new AppError('upstream_error', 'inference sent a frame that is not JSON', { cause })
  }
  throw new AppError('upstream_error', 'inference sent a frame that is not an object')
}

const bytesOf = (body: unknown): AsyncIterable<Uint8Array> =>
  (body ?? []) as AsyncIterable<Uint8Array>
