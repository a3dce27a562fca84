/** Sends one buffered request to a revision from inside the emulator, without a socket on our side. */
import type { NetworkRequest, NetworkResponse } from '../network.ts'
import type { Admission, Refusal } from './admission.ts'
import { toForwarded } from './forward-headers.ts'
import type { Replica } from './replica.ts'
import type { Revision } from './revision.ts'
import { createTimeouts, toTimeoutText } from './timeouts.ts'
import { type Answer, type Failure, sendUpstream, type Upstream } from './upstream.ts'

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
    let upstream: Upstream | undefined
    let left = false
    const proxied = revision.proxied()
    const timeouts = createTimeouts(revision.service.template, () => {
      refuse({ status: 504, text: toTimeoutText(proxied) })
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
      const sent = sendUpstream(
        replica,
        {
          method: request.method,
          path: `${url.pathname}${url.search}`,
          headers: toHeaders(request, url, proxied),
          hasBody: request.body !== undefined && request.body.byteLength > 0,
        },
        {
          onAnswer: collect,
          onWritable: ({ stream }) => void stream.end(request.body),
          onFailure: failure => {
            if (upstream === sent) failed(failure, replica)
          },
        },
      )
      upstream = sent
    }

    function failed({ refused, invalid }: Failure, replica: Replica): void {
      if (invalid) refuse({ status: 502, text: 'the request has a head that cannot be sent' })
      else if (refused && !left) {
        upstream = undefined
        revision.readmit(admission)
      } else replica.settled().then(broken)
    }

    function collect(answer: Answer): void {
      const chunks: Buffer[] = []
      let size = 0
      timeouts.started()
      answer.body.on('data', (chunk: Buffer) => {
        timeouts.wrote()
        size += chunk.byteLength
        if (size <= MAX_ANSWER_BYTES) chunks.push(chunk)
        else refuse({ status: 502, text: `the answer has more than ${MAX_ANSWER_BYTES} bytes` })
      })
      answer.body.on('error', () => {})
      answer.body.once('close', () => {
        if (!answer.isComplete()) return void broken()
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

/** What Knative adds is set by us alone, whatever the sender says; the rest is the sender's. */
function toHeaders({ headers, body }: NetworkRequest, url: URL, proxied: boolean): string[] {
  const forwardedFor = headers['x-forwarded-for'] ?? LOOPBACK
  const proto = headers['x-forwarded-proto'] ?? 'http'
  const all = {
    host: url.host,
    'x-forwarded-for': forwardedFor,
    'x-forwarded-proto': proto,
    forwarded: toForwarded(forwardedFor, proto, headers['x-forwarded-host']),
    ...headers,
    ...(proxied && { 'k-proxy-request': 'activator' }),
    'content-length': String(body?.byteLength ?? 0),
  }
  return Object.entries(all).flat()
}

/** Repeated headers are joined as Node joins them. */
function toResponse(revision: Revision, answer: Answer, body: Uint8Array): NetworkResponse {
  const headers: Record<string, string> = {}
  for (let index = 0; index + 1 < answer.rawHeaders.length; index += 2) {
    const name = (answer.rawHeaders[index] ?? '').toLowerCase()
    const value = answer.rawHeaders[index + 1] ?? ''
    const before = headers[name]
    if (before === undefined) headers[name] = value
    else if (!SINGLE.has(name))
      headers[name] = `${before}${name === 'cookie' ? '; ' : ', '}${value}`
  }
  return { status: answer.statusCode ?? 502, headers, body, revision: revision.name }
}

/** Headers of which the first counts (Node's `message.headers`). */
const SINGLE = new Set([
  'age',
  'authorization',
  'content-length',
  'content-type',
  'etag',
  'expires',
  'from',
  'host',
  'if-modified-since',
  'if-unmodified-since',
  'last-modified',
  'location',
  'max-forwards',
  'proxy-authorization',
  'referer',
  'retry-after',
  'server',
  'user-agent',
])
