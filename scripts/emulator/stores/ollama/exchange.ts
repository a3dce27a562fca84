/** One request and its answer: JSON documents, streams of lines, and clients that leave. */
import type { ServerResponse } from 'node:http'
import type { Models } from './models.ts'
import type { Body } from './request.ts'
import type { Scheduler } from './scheduler.ts'

/** What routes need. */
export interface RouteDeps {
  models: Models
  scheduler: Scheduler
  now: () => number
  contextLength: number
  /** Waits before the first piece, and between pieces. */
  firstTokenMs: number
  tokenMs: number
}

/** Where a route answers. */
export interface Exchange {
  body: Body
  response: ServerResponse
  signal: AbortSignal
}

/** Answers one JSON document. */
export function json(response: ServerResponse, body: unknown, status = 200): void {
  response
    .writeHead(status, { 'content-type': 'application/json; charset=utf-8' })
    .end(JSON.stringify(body))
}

/** Writes one line of a stream, when the client has room for it. */
export async function write(
  response: ServerResponse,
  line: object,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted()
  if (response.write(`${JSON.stringify(line)}\n`)) return
  await new Promise<void>((resolve, reject) => {
    response.once('drain', resolve)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

/** Waits, unless the client leaves. */
export function pause(ms: number, signal: AbortSignal): Promise<void> | undefined {
  if (ms <= 0) return undefined
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer)
        reject(signal.reason)
      },
      { once: true },
    )
  })
}
