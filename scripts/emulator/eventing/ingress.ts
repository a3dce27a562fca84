/** The broker's HTTP face: every check in Knative's order, then the event is stored, then 202. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Log } from '../log.ts'
import type { HostHandler } from '../network.ts'
import { fromHttp, type Headers } from './codec.ts'
import { EventError, MAX_EVENT_BYTES } from './event.ts'
import type { Intake } from './intake.ts'
import { passThrough } from './pass-through.ts'
import { BROKER_HOST } from './resolve.ts'

/** A request whose body has been read. */
export interface IngressRequest {
  readonly method: string
  /** The request target as it came. */
  readonly target: string
  readonly headers: Headers
  readonly body: Uint8Array
}

/** What the ingress answers; the body is a reason in words, or empty. */
export interface IngressAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** The HTTP side and the in-process side of the same rules. */
export interface Ingress {
  readonly handler: HostHandler
  answer(request: IngressRequest): Promise<IngressAnswer>
  /** Whether a host name (with or without port) leads here. */
  isBroker(host: string): boolean
}

/** What is known of a request that was refused. */
export type OnRefused = (broker: string, headers: Headers, error: EventError) => void

/** `ready` turns false when the broker stops. */
export function createIngress(options: {
  intake: Intake
  domain: string
  log: Log
  ready: () => boolean
  onRefused: OnRefused
}): Ingress {
  const { intake, domain, log, ready, onRefused } = options
  const hosts = new Set([
    BROKER_HOST,
    BROKER_HOST.replace('.cluster.local', ''),
    BROKER_HOST.replace('.svc.cluster.local', ''),
    `broker.${domain}`,
  ])

  async function answer(request: IngressRequest): Promise<IngressAnswer> {
    const early = earlyAnswer(request.method, request.target)
    if (early) return early
    if (!ready()) return plain(503, 'the broker is stopping')
    const broker = brokerOf(request.target)
    try {
      if (request.body.length > MAX_EVENT_BYTES) throw tooLarge(request.body.length)
      const event = fromHttp(request.headers, request.body)
      await intake.accept(broker, event, passThrough(request.headers))
      return plain(202, '')
    } catch (error) {
      if (!(error instanceof EventError)) {
        log.error('broker', `event not stored: ${String(error)}`)
        return plain(500, 'the event could not be stored')
      }
      onRefused(broker, request.headers, error)
      return plain(error.status, error.message)
    }
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '/', headers } = request
    const early = earlyAnswer(method, url)
    if (early) {
      request.resume()
      return write(response, early)
    }
    const body = await readBody(request)
    if (body === undefined) return
    if (typeof body !== 'number')
      return write(response, await answer({ method, target: url, headers, body }))
    const error = tooLarge(body)
    onRefused(brokerOf(url), headers, error)
    response.setHeader('connection', 'close')
    write(response, plain(413, error.message))
  }

  const isBroker = (host: string): boolean => hosts.has(host.toLowerCase().replace(/:\d+$/, ''))

  return {
    isBroker,
    answer,
    handler(host, request, response) {
      if (!isBroker(host)) return false
      serve(request, response).catch((error: unknown) => {
        log.error('broker', `ingress failed: ${String(error)}`)
        if (!response.headersSent) write(response, plain(500, 'the event could not be taken'))
      })
      return true
    },
  }
}

const ALLOW = { allow: 'POST, OPTIONS' }

const plain = (status: number, body: string): IngressAnswer => ({
  status,
  headers: body === '' ? ALLOW : { ...ALLOW, 'content-type': 'text/plain; charset=utf-8' },
  body,
})

const tooLarge = (size: number): EventError =>
  new EventError(`an event must be at most ${MAX_EVENT_BYTES} bytes, got ${size} or more`, 413)

/** What the method and the path decide, before the body is looked at. */
function earlyAnswer(method: string, target: string): IngressAnswer | undefined {
  if (method === 'OPTIONS') {
    const headers = { ...ALLOW, 'webhook-allowed-origin': '*', 'webhook-allowed-rate': '*' }
    return { status: 200, headers, body: '' }
  }
  if (method !== 'POST') return plain(405, `method must be POST, got ${method}`)
  const path = pathOf(target)
  if (path === '/') return plain(404, 'path must be /<namespace>/<broker>, got /')
  if (path.replace(/\/$/, '').split('/').length !== 3) {
    return plain(400, `path must be /<namespace>/<broker>, got ${path.slice(0, 200)}`)
  }
  return undefined
}

/** `<namespace>/<name>`; a query string is part of the name, as in Knative. */
const brokerOf = (target: string): string => pathOf(target).replace(/\/$/, '').slice(1)

/** A client of a forward proxy sends the absolute form. */
const pathOf = (target: string): string => target.replace(/^https?:\/\/[^/?]*/i, '') || '/'

function write(response: ServerResponse, { status, headers, body }: IngressAnswer): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) })
  response.end(body)
}

/** The body; its size so far when it is too large; undefined when the client went away. */
function readBody(request: IncomingMessage): Promise<Uint8Array | number | undefined> {
  return new Promise(resolve => {
    const declared = Number(request.headers['content-length'] ?? 0)
    const chunks: Buffer[] = []
    let size = 0
    const refuse = (bytes: number): void => {
      chunks.length = 0
      request.removeAllListeners('data').resume()
      resolve(bytes)
    }
    if (declared > MAX_EVENT_BYTES) return refuse(declared)
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > MAX_EVENT_BYTES) refuse(size)
      else chunks.push(chunk)
    })
    request.once('end', () => resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)))
    request.once('close', () => resolve(undefined))
    request.once('error', () => resolve(undefined))
  })
}
