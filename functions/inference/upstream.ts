/** The model client of one request: abortable from its first byte, strict about what comes back. */
import type { Models } from '../../shared/clients/models.ts'
import { AppError } from '../../shared/errors.ts'
import { fetch, type LightFetchInit } from '../../shared/web/fetch.ts'
import { Response } from '../../shared/web/response.ts'

/** Whom a request is for. */
export interface UpstreamOptions {
  model: string
  signal: AbortSignal
  /** Called for each line of a streamed answer; without it the answer is one object. */
  onLine?: () => void
}

const MAX_LINE_CHARS = 8 * 1024 * 1024
const MAX_ERROR_CHARS = 500
/** What the server gives back when its own queue is full; it says nothing about when to come again. */
const BUSY_RETRY_SECONDS = 5

/**
 * The same client with a fetch of its own. The client can abort only after the headers, which the server sends with
 * the first token; it prints what it cannot parse and goes on, so that a damaged answer would look whole.
 */
export function forRequest(models: Models, { model, signal, onLine }: UpstreamOptions): Models {
  async function guardedFetch(url: string, init: LightFetchInit): Promise<Response> {
    const signals = init.signal ? [init.signal, signal] : [signal]
    const response = await fetch(url, { ...init, signal: AbortSignal.any(signals) }).catch(
      cause => {
        if (signal.aborted) throw signal.reason
        throw new AppError('model_unavailable', 'the model server cannot be reached', {
          cause,
          details: { dependency: 'models' },
        })
      },
    )
    if (!response.ok) throw await toUpstreamError(response, model)
    return onLine ? new Response(wholeLines(response, onLine), response) : response
  }
  return Object.create(models, {
    fetch: { value: guardedFetch },
    // The client forgets a stream only when it ends well; here it is forgotten with the request.
    ongoingStreamedRequests: { value: [] },
  }) as Models
}

/**
 * What the server's own error means to our caller. The text of a 4xx is about the request and is shown; that of a 5xx
 * is about the server, may name its paths, and is for the log alone.
 */
export function describeUpstream(status: number, text: string, model: string): AppError {
  const said = text.slice(0, MAX_ERROR_CHARS)
  if (status === 404) {
    return new AppError('not_found', `the model "${model}" is not on the server`, {
      details: { model, fix: `ollama pull ${model}` },
    })
  }
  if (status === 429 || status === 503 || /server busy/i.test(said)) {
    return new AppError('rate_limited', 'the model server is busy', {
      retryAfterSeconds: BUSY_RETRY_SECONDS,
    })
  }
  if (status >= 400 && status < 500) return new AppError('invalid_request', said)
  return new AppError('model_unavailable', 'the model server failed', {
    cause: new Error(said),
    details: { status },
  })
}

async function toUpstreamError(response: Response, model: string): Promise<AppError> {
  const text = await response.text().catch(() => '')
  let said = text
  try {
    const { error } = JSON.parse(text) as { error?: unknown }
    if (typeof error === 'string') said = error
  } catch {
    said = text.trim()
  }
  return describeUpstream(response.status, said || `status ${response.status}`, model)
}

/** Passes on lines that are whole JSON objects; an error line and a damaged one end the stream. */
async function* wholeLines(response: Response, onLine: () => void): AsyncIterable<Uint8Array> {
  const chunks = ((response.body ?? []) as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]()
  const decoder = new TextDecoder()
  const encoder = new TextEncoder()
  let rest = ''
  try {
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) {
      const parts = (rest + decoder.decode(next.value, { stream: true })).split('\n')
      rest = parts.pop() ?? ''
      if (rest.length > MAX_LINE_CHARS) throw damaged('a line of it has no end')
      for (const part of parts) {
        if (part.trim() === '') continue
        onLine()
        // The client reads no further than this line: what ends the connection in order is read here.
        if (isLast(part)) void readToEnd(chunks)
        yield encoder.encode(`${part}\n`)
      }
    }
    if (rest.trim() === '') return
    isLast(rest)
    yield encoder.encode(`${rest}\n`)
  } finally {
    await chunks.return?.()
  }
}

async function readToEnd(chunks: AsyncIterator<Uint8Array>): Promise<void> {
  try {
    while (!(await chunks.next()).done);
  } catch {
    // The answer is complete: how the connection ends no longer matters.
  }
}

/** Whether the line is the last of the answer. @throws {@link AppError} when it is damaged or tells of an error */
function isLast(line: string): boolean {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (cause) {
    throw damaged('a line of it is not JSON', cause)
  }
  if (typeof value !== 'object' || value === null) throw damaged('a line of it is not an object')
  if ('error' in value) throw describeUpstream(500, String(value.error), '')
  return 'done' in value && value.done === true
}

const damaged = (how: string, cause?: unknown): AppError =>
  new AppError('upstream_error', `the model's answer arrived damaged: ${how}`, { cause })
