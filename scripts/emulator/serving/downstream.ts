/** The client's side of an exchange, over HTTP/1.1 or HTTP/2 (where Node's objects differ in the few things below). */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerResponse } from 'node:http2'
import { refuseAnswer, relayHead } from '../relay-head.ts'
import { isHttp2 } from './client-message.ts'
import { toFunctionTrailers } from './forward-headers.ts'
import type { Answer, RequestBody } from './upstream.ts'

/** Passes the body of a request on; one that breaks off is never ended as if it were whole. */
export function sendBody(request: IncomingMessage, { stream, addTrailers }: RequestBody): void {
  request.pipe(stream, { end: false })
  // Nobody takes the rest: a client that sends on, and waits to be read, is not kept waiting.
  stream.once('close', () => {
    if (!request.readableEnded) request.resume()
  })
  request.once('end', () => {
    // The compatibility object of HTTP/2 ends when its stream was reset, too.
    if (isHttp2(request) && request.aborted) return
    if (request.rawTrailers.length > 0) {
      try {
        addTrailers(toFunctionTrailers(request.rawTrailers))
      } catch {
        // A name or value that is none is left out.
      }
    }
    stream.end()
  })
}

/** Passes an answer on, head, body and trailers. @returns false when its head cannot be passed on */
export function relayAnswer(
  response: ServerResponse,
  answer: Answer,
  headers: string[],
  onWrite: (() => void) | undefined,
): boolean {
  if (isHttp2(response)) {
    if (answer.endsWithHead) return endWithHead(response, answer, headers)
    if (!relayHead(response, { statusCode: answer.statusCode }, headers)) return false
  } else {
    if (!relayHead(response, answer, headers)) return false
    if (answer.contentLength === undefined) flushSoon(response, answer)
  }
  const { body } = answer
  const broken = (): void => {
    if (!answer.isComplete()) breakOff(response)
  }
  body.on('error', broken)
  body.once('close', broken)
  if (onWrite) body.on('data', onWrite)
  // Before `pipe` ends the response.
  if (answer.contentLength === undefined) body.once('end', () => finish(response, answer))
  body.pipe(response)
  return true
}

/**
 * A stream's first bytes may come late, and its reader wants to know now that it is open; those that came with the head
 * leave with it, in one write.
 */
function flushSoon(response: ServerResponse, { body }: Answer): void {
  let isWritten = false
  body.once('data', () => {
    isWritten = true
  })
  setImmediate(() => {
    if (!isWritten && !response.writableEnded && !response.destroyed) response.flushHeaders()
  })
}

/** Whether a closed answer was ended by us and sent; HTTP/2 says that a reset stream is finished, too. */
export function isWhole({ writableEnded, writableFinished }: ServerResponse): boolean {
  return writableEnded && writableFinished
}

/** Ends an answer that has begun and not ended in a way that the client cannot take for its end. */
export function breakOff(response: ServerResponse): void {
  if (response.writableEnded) return
  // Closing the stream would end its body in an orderly way first.
  if (isHttp2(response)) response.stream.destroy(new Error('the answer broke off'))
  else response.destroy()
}

/** A trailers-only answer of gRPC must end with its head, or its client misses the trailers. */
function endWithHead(
  response: ServerResponse & Http2ServerResponse,
  { statusCode = 0 }: Answer,
  headers: string[],
): boolean {
  try {
    response.statusCode = statusCode
    for (let index = 0; index + 1 < headers.length; index += 2) {
      response.appendHeader(headers[index] ?? '', headers[index + 1] ?? '')
    }
    response.end()
    return true
  } catch {
    refuseAnswer(response)
    return false
  }
}

/** An answer of unknown length: its end says whether it is whole, and brings its trailers. */
function finish(response: ServerResponse, answer: Answer): void {
  if (!answer.isComplete()) return void breakOff(response)
  const raw = answer.rawTrailers()
  if (raw.length > 0) addTrailers(response, raw)
}

function addTrailers(response: ServerResponse, raw: readonly string[]): void {
  const trailers: Record<string, string> = {}
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = (raw[index] ?? '').toLowerCase()
    const before = trailers[name]
    const value = raw[index + 1] ?? ''
    trailers[name] = before === undefined ? value : `${before}, ${value}`
  }
  try {
    response.addTrailers(trailers)
  } catch {
    // A name or value that is none is left out, as with headers that end here.
  }
}
