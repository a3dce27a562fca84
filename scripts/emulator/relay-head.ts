/** Passes the head of somebody's answer on: whatever they wrote, it must not end our process. */
import type { IncomingMessage, ServerResponse } from 'node:http'

/**
 * Writes status and headers of `answer`, with `headers` in the place of its own.
 * @returns false when they cannot be written (a status that is none, a forbidden character, a `Trailer` that does not
 * fit): the client has then got a 502, and the answer is to be dropped
 */
export function relayHead(
  response: ServerResponse,
  answer: Pick<IncomingMessage, 'statusCode' | 'statusMessage'>,
  headers: string[],
): boolean {
  try {
    response.writeHead(answer.statusCode ?? 502, answer.statusMessage, headers)
    return true
  } catch {
    refuseAnswer(response)
    return false
  }
}

/** Says 502 in the place of an answer that cannot be passed on. */
export function refuseAnswer(response: ServerResponse): void {
  try {
    // Of the reason that was tried already; HTTP/2 has none, and would warn.
    if (!('stream' in response)) response.statusMessage = 'Bad Gateway'
    response
      .writeHead(502, { 'content-type': 'text/plain; charset=utf-8' })
      .end('the answer has a head that cannot be passed on')
  } catch {
    response.destroy()
  }
}
