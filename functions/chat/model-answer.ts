/** Reads the model's answer as it is written. */
import { type ChatDelta, chatStream, type Message } from '../../shared/contracts/inference.ts'
import { AppError, fromEnvelope } from '../../shared/errors.ts'
import type { Principal } from '../../shared/principal.ts'
import { parseSse } from '../../shared/sse.ts'
import { createPlainPieces } from '../../shared/text.ts'
import type { ChatDeps } from './settings.ts'

/** One piece of the answer. */
export interface Piece {
  text: string
  model: string
}

/** How long the end of the body may take after the last frame; a body read to its end keeps its connection. */
const END_MS = 1_000

/**
 * The pieces of the answer to `messages`; aborting `signal` stops the model.
 * @throws {@link AppError} the model's own error, or `upstream_error` when the answer ends without being finished
 */
export async function* modelAnswer(
  deps: ChatDeps,
  { messages, model }: { messages: Message[]; model: string | undefined },
  { principal, signal }: { principal: Principal; signal: AbortSignal },
): AsyncGenerator<Piece> {
  const over = new AbortController()
  const response = await deps.call.stream(
    chatStream,
    { messages, ...(model !== undefined && { model }) },
    {
      principal,
      signal: AbortSignal.any([signal, over.signal]),
      timeoutMs: deps.config.ANSWER_TIMEOUT_MS,
    },
  )
  const toPlain = createPlainPieces()
  let timer: NodeJS.Timeout | undefined
  let done = false
  try {
    for await (const { data } of parseSse(bytesOf(response.body))) {
      if (done) continue
      const frame = parseFrame(data)
      if (frame.error) {
        // The status is unknown inside a stream; the code says more.
        throw fromEnvelope(502, { error: { ...frame.error, details: {} } }, 'inference')
      }
      const text = toPlain(frame.delta ?? '')
      if (text) yield { text, model: frame.model }
      done = frame.done
      if (done) timer = setTimeout(() => over.abort(), END_MS)
    }
  } catch (error) {
    if (!done) throw error
  } finally {
    clearTimeout(timer)
  }
  if (!done) throw new AppError('upstream_error', 'the answer ended before it was finished')
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
