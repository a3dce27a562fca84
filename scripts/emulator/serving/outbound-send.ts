/** Buffered HTTP from inside the emulator to anything that no part of it answers in process. */
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { NetworkRequest, NetworkResponse, Send } from '../network.ts'
import { refuseSwitch } from '../refuse-switch.ts'

/** How names of our own are reached: through the ingress, since no DNS knows them. */
export interface OutboundSendOptions {
  readonly ingressPort: number
  readonly ingressHost: string
  readonly isLocal: (host: string) => boolean
}

/** Kept connections are given up before a usual server closes them. */
const IDLE_MS = 4_000
/** A subscriber answers with one event at most, and that is refused above 1 MiB. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024

/** A sender over kept connections. */
export function createOutboundSend(options: OutboundSendOptions): { send: Send; close(): void } {
  const plain = new Agent({ keepAlive: true, timeout: IDLE_MS })
  const secure = new HttpsAgent({ keepAlive: true, timeout: IDLE_MS })

  function send(request: NetworkRequest): Promise<NetworkResponse> {
    const { signal, body } = request
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const url = new URL(request.url)
      const isSecure = url.protocol === 'https:'
      const local = !isSecure && options.isLocal(url.hostname)
      const upstream = (isSecure ? httpsRequest : httpRequest)({
        agent: isSecure ? secure : plain,
        host: local ? options.ingressHost : url.hostname.replace(/^\[|\]$/g, ''),
        port: local ? options.ingressPort : url.port,
        ...(isSecure && { servername: url.hostname }),
        method: request.method,
        path: `${url.pathname}${url.search}`,
        headers: {
          host: url.host,
          ...request.headers,
          'content-length': String(body?.byteLength ?? 0),
        },
      })
      const onAbort = (): void => void upstream.destroy(toError(signal?.reason))
      const fail = (error: Error): void => {
        signal?.removeEventListener('abort', onAbort)
        reject(signal?.aborted ? signal.reason : error)
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      upstream.on('error', fail)
      refuseSwitch(upstream)
      upstream.once('response', answer => {
        collect(answer).then(response => {
          signal?.removeEventListener('abort', onAbort)
          resolve(response)
        }, fail)
      })
      upstream.end(body)
    })
  }

  return {
    send,
    close: () => {
      plain.destroy()
      secure.destroy()
    },
  }
}

async function collect(answer: IncomingMessage): Promise<NetworkResponse> {
  const chunks: Buffer[] = []
  let size = 0
  // Leaving the loop early destroys the answer, and its connection with it.
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.byteLength
    if (size > MAX_ANSWER_BYTES) return tooLarge()
    chunks.push(chunk)
  }
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(answer.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return { status: answer.statusCode ?? 502, headers, body: Buffer.concat(chunks) }
}

const tooLarge = (): NetworkResponse => ({
  status: 502,
  headers: { 'content-type': 'text/plain; charset=utf-8' },
  body: Buffer.from(`the answer has more than ${MAX_ANSWER_BYTES} bytes`),
})

const toError = (reason: unknown): Error =>
  reason instanceof Error ? reason : new Error(String(reason))
