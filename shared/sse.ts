/** Server-sent events both ways (HTML Living Standard 9.2): a stream of our own, and the reading of another's. */
import { AppError, toAppError } from './errors.ts'

/** One event to send. Text is sent as it is, anything else as JSON. */
export interface SseEvent {
  event?: string
  id?: string
  data: unknown
}

/** One event received. */
export interface SseMessage {
  /** `message` unless the sender named it. */
  event: string
  /** The last id seen, empty before the first. */
  id: string
  data: string
}

/** How {@link sse} sends. */
export interface SseOptions {
  /** The request's signal: when the client leaves, the source is told to stop. */
  signal: AbortSignal
  /** A comment is sent after this much silence, so that no proxy thinks the connection dead. */
  heartbeatMs?: number
  /** Told what the source threw; the client gets an `error` event that hides what was not foreseen. */
  onError?: (error: unknown) => void
}

/** A single event larger than this is an attack or a fault. */
const MAX_EVENT_CHARS = 16 * 1024 * 1024
const HEARTBEAT = ': still here\n\n'

/**
 * Answers with `events` as they come, no faster than the client reads. The source's `return` is called when the client
 * goes away; its error becomes a last event named `error`, so that a cut answer never looks finished.
 */
export function sse(
  events: AsyncIterable<SseEvent>,
  { signal, heartbeatMs = 15_000, onError }: SseOptions,
): Response {
  const iterator = events[Symbol.asyncIterator]()
  const encoder = new TextEncoder()
  let pending: Promise<IteratorResult<SseEvent>> | undefined
  let ended = false
  const stop = (): void => {
    if (ended) return
    ended = true
    signal.removeEventListener('abort', stop)
    // A source that waits inside `next` runs on until its own signal stops it: nobody waits for it here.
    Promise.resolve(iterator.return?.()).catch(error => onError?.(error))
  }

  async function nextFrame(): Promise<string | undefined> {
    pending ??= iterator.next()
    try {
      const result = await orSilence(pending, heartbeatMs, signal)
      if (result === 'silence') return HEARTBEAT
      pending = undefined
      if (result === 'aborted' || result.done) return undefined
      return encodeSse(result.value)
    } catch (error) {
      ended = true
      onError?.(error)
      const { code, message } = toAppError(error)
      return encodeSse({ event: 'error', data: { error: { code, message } } })
    }
  }

  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const frame = ended ? undefined : await nextFrame()
        if (frame !== undefined) return controller.enqueue(encoder.encode(frame))
        stop()
        controller.close()
      },
      cancel: stop,
    },
    { highWaterMark: 0 },
  )
  signal.addEventListener('abort', stop, { once: true })
  return new Response(body as ConstructorParameters<typeof Response>[0], {
    headers: {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    },
  })
}

/** One event in wire form; no value can end its own line. */
export function encodeSse({ event, id, data }: SseEvent): string {
  const text = typeof data === 'string' ? data : (JSON.stringify(data) ?? '')
  return [
    ...(event === undefined ? [] : [`event: ${oneLine(event)}`]),
    ...(id === undefined ? [] : [`id: ${oneLine(id)}`]),
    ...text.split(/\r\n|\r|\n/).map(line => `data: ${line}`),
    '\n',
  ].join('\n')
}

/**
 * Reads events however the chunks are cut: in a character, in a line ending, in a field. An event without its closing
 * blank line is dropped, as the standard says: the caller decides what an early end means.
 * @throws {@link AppError} `upstream_error` when one event is beyond all measure
 */
export async function* parseSse(body: AsyncIterable<Uint8Array>): AsyncIterable<SseMessage> {
  let event = ''
  let id = ''
  let data: string[] = []
  let size = 0
  for await (const line of toLines(body)) {
    if (line === '') {
      if (data.length > 0) yield { event: event || 'message', id, data: data.join('\n') }
      event = ''
      data = []
      size = 0
      continue
    }
    size += line.length
    if (size > MAX_EVENT_CHARS) throw tooLarge()
    const colon = line.indexOf(':')
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (field === 'data') data.push(value)
    else if (field === 'event') event = value
    else if (field === 'id' && !value.includes('\0')) id = value
  }
}

/** Lines end with LF, CR or CRLF; a CR at the end of a chunk ends its line at once. */
async function* toLines(body: AsyncIterable<Uint8Array>): AsyncIterable<string> {
  const decoder = new TextDecoder()
  const ending = /\r\n?|\n/g
  let rest = ''
  let skipLf = false
  for await (const chunk of body) {
    let text = decoder.decode(chunk, { stream: true })
    if (text === '') continue
    if (skipLf && text.startsWith('\n')) text = text.slice(1)
    skipLf = text === '' ? false : text.endsWith('\r')
    let from = 0
    for (const { 0: mark, index } of text.matchAll(ending)) {
      yield rest + text.slice(from, index)
      rest = ''
      from = index + mark.length
    }
    rest += text.slice(from)
    if (rest.length > MAX_EVENT_CHARS) throw tooLarge()
  }
}

async function orSilence<T>(
  pending: Promise<T>,
  ms: number,
  signal: AbortSignal,
): Promise<T | 'silence' | 'aborted'> {
  let timer: NodeJS.Timeout | undefined
  let leave: (() => void) | undefined
  const other = new Promise<'silence' | 'aborted'>(resolve => {
    timer = setTimeout(() => resolve('silence'), ms)
    leave = () => resolve('aborted')
    if (signal.aborted) leave()
    else signal.addEventListener('abort', leave, { once: true })
  })
  try {
    return await Promise.race([pending, other])
  } finally {
    clearTimeout(timer)
    if (leave) signal.removeEventListener('abort', leave)
  }
}

const oneLine = (value: string): string => value.replaceAll(/[\r\n\0]+/g, ' ')

const tooLarge = (): AppError =>
  new AppError('upstream_error', 'an event of the stream is too large')
