/** Passes the head of somebody's answer on: whatever they wrote, it must not end our process. */
import type { IncomingMessage, ServerResponse } from 'node:http'

/**
 * Writes status and headers of `answer`, with `headers` in the place of its own.
 * @returns false when they cannot be written (a status that is none, a forbidden character, a `Trailer` that does not
 * fit): the client has then got a 502, and the answer is to be dropped
 */
export function relayHead(
  response: ServerResponse,
  answer: IncomingMessage,
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

function refuseAnswer(response: ServerResponse): void {
  try {
    response
      .writeHead(502, 'Bad Gateway', { 'content-type': 'text/plain; charset=utf-8' })
      .end('the answer has a head that cannot be passed on')
  } catch {
    response.destroy()
  }
}
