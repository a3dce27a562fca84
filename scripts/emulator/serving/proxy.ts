/** Streams one request to a replica and its answer back, under the revision's limits. */
import {
  type ClientRequest,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import { refuseSwitch } from '../refuse-switch.ts'
import { relayHead } from '../relay-head.ts'
import type { Admission, Refusal } from './admission.ts'
import { toClientHeaders, toFunctionHeaders } from './forward-headers.ts'
import type { Replica } from './replica.ts'
import type { Revision } from './revision.ts'
import { createTimeouts } from './timeouts.ts'

/** Methods that may be sent again when a kept connection turned out to be closed. */
const REPEATABLE = new Set(['GET', 'HEAD', 'OPTIONS', 'DELETE', 'PUT'])

/** Takes the request: holds it until a replica is free, then streams both ways. */
export function proxy(
  revision: Revision,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  let upstream: ClientRequest | undefined
  let left = false
  const timeouts = createTimeouts(revision.service.template, onTimeout)
  const admission: Admission = {
    run: replica => {
      if (!left) send(replica)
    },
    refuse: answer,
  }
  // Fires in every case: answered, broken, or the client gone.
  response.once('close', () => {
    left = true
    timeouts.clear()
    if (!response.writableFinished) upstream?.destroy()
    revision.leave(admission)
  })
  revision.admit(admission)

  function send(replica: Replica, again: boolean = false): void {
    const hasBody = mayHaveBody(request)
    const attempt = open(replica)
    if (!attempt) return
    upstream = attempt
    timeouts.sent()
    attempt.once('response', relay)
    refuseSwitch(attempt)
    attempt.on('error', (error: NodeJS.ErrnoException) => {
      if (left || upstream !== attempt) return
      if (error.code === 'ECONNREFUSED' && !response.headersSent) {
        upstream = undefined
        return revision.readmit(admission)
      }
      const repeatable = !hasBody && REPEATABLE.has(request.method ?? '')
      if (attempt.reusedSocket && repeatable && !again && !response.headersSent) {
        return send(replica, true)
      }
      if (response.headersSent) response.destroy()
      else replica.settled().then(broken)
    })
    if (hasBody) sendBody(attempt)
    else attempt.end()
  }

  /** What a client sends may be nothing that can be sent on; that is its mistake, not the emulator's. */
  function open(replica: Replica): ClientRequest | undefined {
    try {
      return httpRequest({
        agent: replica.agent,
        host: '127.0.0.1',
        port: replica.port,
        method: request.method,
        path: request.url,
        headers: toFunctionHeaders(request),
        setHost: false,
      })
    } catch {
      answer({ status: 400, text: 'the request has a head that cannot be passed on' })
      return undefined
    }
  }

  /** Not before there is a connection, so that a refused one has taken nothing of the body. */
  function sendBody(attempt: ClientRequest): void {
    attempt.once('socket', socket => {
      if (socket.connecting) socket.once('connect', () => request.pipe(attempt))
      else request.pipe(attempt)
    })
  }

  function relay(answerOf: IncomingMessage): void {
    if (left || response.headersSent) return void answerOf.destroy()
    timeouts.started()
    answerOf.on('error', () => response.destroy())
    if (!relayHead(response, answerOf, toClientHeaders(answerOf))) return void answerOf.destroy()
    // A stream's first bytes may come late; its reader wants to know now that it is open.
    if (answerOf.headers['content-length'] === undefined) response.flushHeaders()
    if (timeouts.watchesWrites) answerOf.on('data', timeouts.wrote)
    // An answer that breaks off ends in an error, and must not look whole to the client.
    answerOf.pipe(response)
  }

  function broken(): void {
    answer({ status: 502, text: `revision ${revision.name} broke the connection` })
  }

  function onTimeout(): void {
    const held = upstream === undefined
    const before = response.headersSent
    upstream?.destroy()
    if (before) response.destroy()
    else answer({ status: 504, text: held ? 'activator request timeout' : 'request timeout' })
  }

  function answer({ status, text, retryAfter }: Refusal): void {
    if (left || response.headersSent) return
    response.writeHead(status, {
      'content-type': 'text/plain; charset=utf-8',
      'content-length': Buffer.byteLength(text),
      ...(retryAfter !== undefined && { 'retry-after': String(retryAfter) }),
    })
    response.end(request.method === 'HEAD' ? undefined : text)
  }
}

function mayHaveBody({ headers }: IncomingMessage): boolean {
  const length = headers['content-length']
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0')
}
