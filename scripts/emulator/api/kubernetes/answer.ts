/** Answers of the API: a body with its status, and the warnings that clients print. */
import type { ServerResponse } from 'node:http'
import { StatusError } from '../../control/status-error.ts'

/** A body on its way. */
export interface Answer {
  readonly status: number
  readonly body: unknown
}

/** What went wrong, as a Status; what is no mistake of the caller's stays in the log. */
export function toFailure(error: unknown): Answer {
  const { status } =
    error instanceof StatusError
      ? error
      : new StatusError('InternalError', 'an unexpected error, see the log of the emulator')
  return { status: status.code, body: status }
}

/** Sends it whole. */
export function send(
  response: ServerResponse,
  { status, body }: Answer,
  warnings: string[] = [],
): void {
  const isText = typeof body === 'string'
  for (const text of warnings) {
    response.appendHeader('warning', `299 - "${toQuoted(text)}"`)
  }
  response
    .writeHead(status, {
      'content-type': isText ? 'text/plain; charset=utf-8' : 'application/json',
      'cache-control': 'no-store',
    })
    .end(isText ? body : JSON.stringify(body))
}

/** RFC 9110 5.6.4. */
const toQuoted = (text: string): string =>
  text.replaceAll(/[\r\n]/g, ' ').replaceAll(/["\\]/g, '\\$&')
