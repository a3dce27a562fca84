/** Sends one buffered request to a revision from inside the emulator, without a socket on our side. */
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import type { NetworkRequest, NetworkResponse } from '../network.ts'
import { refuseSwitch } from '../refuse-switch.ts'
import type { Admission, Refusal } from './admission.ts'
import { toForwarded } from './forward-headers.ts'
import type { Replica } from './replica.ts'
import type { Revision } from './revision.ts'
import { createTimeouts } from './timeouts.ts'

const LOOPBACK = '127.0.0.1'
/** A subscriber answers with one event at most, and that is refused above 1 MiB. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024

/**
 * Answers as the proxy would, 502 to 504 included.
 * @throws the signal's reason when it is aborted first
 */
export function deliver(
  revision: Revision,
  request: NetworkRequest,
  url: URL,
): Promise<NetworkResponse> {
  const { signal } = request
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    let upstream: ClientRequest | undefined
    let left = false
    const timeouts = createTimeouts(revision.service.template, () => {
      const held = upstream === undefined
      refuse({ status: 504, text: held ? 'activator request timeout' : 'request timeout' })
    })
    const admission: Admission = { run: send, refuse }
    const onAbort = (): void => {
      if (leave()) reject(signal?.reason)
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    revision.admit(admission)

    /** Whether this was the end of the exchange; the first caller decides its outcome. */
    function leave(): boolean {
      if (left) return false
      left = true
      timeouts.clear()
      signal?.removeEventListener('abort', onAbort)
      upstream?.destroy()
      revision.leave(admission)
      return true
    }

    function send(replica: Replica): void {
      timeouts.sent()
      try {
        upstream = open(replica)
      } catch (error) {
        refuse({ status: 502, text: `the request cannot be sent: ${error}` })
        return
      }
      upstream.once('response', collect)
      refuseSwitch(upstream)
      upstream.on('error', (error: NodeJS.ErrnoException) => {
        if (error.code === 'ECONNREFUSED' && !left) {
          upstream = undefined
          revision.readmit(admission)
        } else replica.settled().then(broken)
      })
      upstream.end(request.body)
    }

    function open(replica: Replica): ClientRequest {
      return httpRequest({
        agent: replica.agent,
        host: LOOPBACK,
        port: replica.port,
        method: request.method,
        path: `${url.pathname}${url.search}`,
        headers: toHeaders(request, url),
      })
    }

    function collect(answer: IncomingMessage): void {
      const chunks: Buffer[] = []
      let size = 0
      timeouts.started()
      answer.on('data', (chunk: Buffer) => {
        timeouts.wrote()
        size += chunk.byteLength
        if (size <= MAX_ANSWER_BYTES) chunks.push(chunk)
        else refuse({ status: 502, text: `the answer has more than ${MAX_ANSWER_BYTES} bytes` })
      })
      answer.on('error', () => {})
      answer.once('close', () => {
        if (!answer.complete) return broken()
        upstream = undefined
        if (leave()) resolve(toResponse(revision, answer, Buffer.concat(chunks)))
      })
    }

    function broken(): void {
      refuse({ status: 502, text: `revision ${revision.name} broke the connection` })
    }

    function refuse({ status, text, retryAfter }: Refusal): void {
      // A refusal may come while `admit` still runs; leaving must follow it.
      queueMicrotask(() => {
        if (!leave()) return
        const headers: Record<string, string> = { 'content-type': 'text/plain; charset=utf-8' }
        if (retryAfter !== undefined) headers['retry-after'] = String(retryAfter)
        resolve({ status, headers, body: Buffer.from(text), revision: revision.name })
      })
    }
  })
}

function toHeaders(request: NetworkRequest, url: URL): Record<string, string> {
  const forwardedFor = request.headers['x-forwarded-for'] ?? LOOPBACK
  const proto = request.headers['x-forwarded-proto'] ?? 'http'
  return {
    host: url.host,
    'x-forwarded-for': forwardedFor,
    'x-forwarded-proto': proto,
    forwarded: toForwarded(forwardedFor, proto, request.headers['x-forwarded-host']),
    ...request.headers,
    'k-proxy-request': 'activator',
    'content-length': String(request.body?.byteLength ?? 0),
  }
}

function toResponse(
  revision: Revision,
  answer: IncomingMessage,
  body: Uint8Array,
): NetworkResponse {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(answer.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return { status: answer.statusCode ?? 502, headers, body, revision: revision.name }
}
