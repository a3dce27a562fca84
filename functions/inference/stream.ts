/** A streamed answer as server-sent frames: an early failure is still a status, a late one is an error frame. */
import type { ChatDelta } from '../../shared/contracts/inference.ts'
import { toAppError } from '../../shared/errors.ts'
import { type SseEvent, sse } from '../../shared/sse.ts'
import type { Piece } from './ask.ts'

/** For this long a failure can still become an HTTP status; after it the client needs signs of life. */
const HOLD_MS = 2_000

/** Answers with the pieces as {@link ChatDelta} frames. @throws what fails before the first frame is due */
export async function streamPieces(
  pieces: AsyncIterable<Piece>,
  {
    model,
    signal,
    onError,
  }: { model: string; signal: AbortSignal; onError: (error: unknown) => void },
): Promise<Response> {
  const begun = await hold(pieces[Symbol.asyncIterator](), HOLD_MS)
  return sse(toFrames(begun, model, onError), { signal })
}

async function* toFrames(
  pieces: AsyncIterable<Piece>,
  model: string,
  onError: (error: unknown) => void,
): AsyncIterable<SseEvent> {
  try {
    for await (const piece of pieces) {
      const frame: ChatDelta =
        'delta' in piece
          ? { delta: piece.delta, done: false, model }
          : { delta: '', done: true, model, completion: piece.completion }
      yield { data: frame }
    }
  } catch (error) {
    onError(error)
    const { code, message } = toAppError(error)
    const frame: ChatDelta = { delta: '', done: false, model, error: { code, message } }
    yield { data: frame }
  }
}

/** Waits for the first item, or `ms`. */
async function hold<T>(source: AsyncIterator<T>, ms: number): Promise<AsyncIterable<T>> {
  const first = source.next()
  let timer: NodeJS.Timeout | undefined
  const enough = new Promise<void>(resolve => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([first, enough]).finally(() => clearTimeout(timer))
  let opened = false
  return {
    [Symbol.asyncIterator]: () => ({
      next() {
        if (opened) return source.next()
        opened = true
        return first
      },
      async return() {
        await source.return?.()
        return { done: true as const, value: undefined }
      },
    }),
  }
}
