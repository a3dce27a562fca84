/** The HTTP face of brokers and channels: every check in Knative's order, then the event is stored, then 202. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Log } from '../log.ts'
import type { HostHandler } from '../network.ts'
import { fromBatch, fromHttp, type Headers, isBatch } from './codec.ts'
import type { Entrance } from './entrance.ts'
import { type CloudEvent, EventError, MAX_EVENT_BYTES } from './event.ts'
import { channelOf, type HubName, hubKey, inWords, isBrokerHost } from './hub.ts'
import { passThrough } from './pass-through.ts'

/** A request whose body has been read. */
export interface IngressRequest {
  /** Whose host it came to; the broker ingress unless told. */
  readonly host?: string
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
  /** Whether a host name (with or without port) leads to the broker ingress. */
  isBroker(host: string): boolean
  /** The same for the broker ingress and every channel. */
  owns(host: string): boolean
}

/** What is known of a request that was refused. */
export type OnRefused = (hub: string, headers: Headers, error: EventError) => void

/** Decides over an event that is about to be taken; an answer refuses it (401, 403, 500). */
export type Authorize = (request: {
  readonly hub: HubName
  readonly headers: Headers
  readonly event: CloudEvent
}) => Promise<{ readonly status: number; readonly message: string } | undefined>

/** `ready` turns false when the broker stops. */
export interface IngressOptions {
  readonly entrance: Entrance
  readonly exists: (hub: string) => boolean
  readonly domain: string
  readonly log: Log
  readonly ready: () => boolean
  /** Whether so much is unfinished that no more is taken; replies and dead letters still are. */
  readonly full: () => boolean
  readonly onRefused: OnRefused
  readonly authorize?: Authorize
  /** Takes `application/cloudevents-batch+json`, which Knative answers with 400. */
  readonly batch?: boolean
}

/** An ingress for brokers by path and channels by host. */
export function createIngress(options: IngressOptions): Ingress {
  const {
    entrance,
    exists,
    domain,
    log,
    ready,
    full,
    onRefused,
    authorize,
    batch = false,
  } = options
  let told = false

  async function answer(request: IngressRequest): Promise<IngressAnswer> {
    const { headers, body } = request
    const found = find(request)
    if ('status' in found) return found
    if (!ready()) return plain(503, 'the broker is stopping')
    if (isFull()) return FULL
    const hub = hubKey(found)
    try {
      if (body.length > MAX_EVENT_BYTES) throw tooLarge(body.length)
      const events = batch && isBatch(headers) ? fromBatch(body) : [fromHttp(headers, body)]
      if (!exists(hub)) throw new EventError(`${inWords(hub, 'broker')} does not exist`, 404)
      for (const event of events) {
        const refusal = await authorize?.({ hub: found, headers, event })
        if (refusal) throw new EventError(refusal.message, refusal.status)
      }
      const passed = passThrough(headers)
      await Promise.all(events.map(event => entrance.enter(hub, event, passed)))
      return plain(202, '')
    } catch (error) {
      if (!(error instanceof EventError)) {
        log.error('broker', `event not stored: ${String(error)}`)
        return plain(500, 'the event could not be stored')
      }
      // A 500 is about an event that was taken, and stands in the ledger with all that happened to it.
      if (error.status < 500) onRefused(hub, headers, error)
      return plain(error.status, error.message)
    }
  }

  function isFull(): boolean {
    const now = full()
    if (now && !told)
      log.error('broker', `${FULL.body}: producers are answered 503 until some have ended`)
    told = now
    return now
  }

  /** What the method, the host and the path decide, before the body is looked at. */
  function find({ host, method, target }: IngressRequest): HubName | IngressAnswer {
    if (method === 'OPTIONS') {
      const headers = { ...ALLOW, 'webhook-allowed-origin': '*', 'webhook-allowed-rate': '*' }
      return { status: 200, headers, body: '' }
    }
    if (method !== 'POST') return plain(405, `method must be POST, got ${method}`)
    const path = pathOf(target)
    const channel = host === undefined ? undefined : toChannel(host)
    if (channel) {
      return path === '/' ? channel : plain(404, `path must be /, got ${path.slice(0, 200)}`)
    }
    if (path === '/') return plain(404, 'path must be /<namespace>/<broker>, got /')
    const parts = path.replace(/\/$/, '').split('/')
    if (parts.length !== 3) {
      return plain(400, `path must be /<namespace>/<broker>, got ${path.slice(0, 200)}`)
    }
    // A query string is part of the name, as in Knative.
    const [, namespace = '', name = ''] = parts
    return { kind: 'Broker', namespace, name }
  }

  function toChannel(host: string): HubName | undefined {
    const bare = bareHost(host)
    return channelOf(bare.endsWith(`.${domain}`) ? bare.slice(0, -domain.length - 1) : bare)
  }

  async function serve(
    host: string,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const { method = '', url: target = '/', headers } = request
    const asked = { host, method, target, headers }
    const found = find({ ...asked, body: NOTHING })
    if ('status' in found) {
      request.resume()
      return write(response, found)
    }
    const body = await readBody(request)
    if (body === undefined) return
    if (typeof body !== 'number') return write(response, await answer({ ...asked, body }))
    const error = tooLarge(body)
    onRefused(hubKey(found), headers, error)
    response.setHeader('connection', 'close')
    write(response, plain(413, error.message))
  }

  function isBroker(host: string): boolean {
    const bare = bareHost(host)
    return bare === `broker.${domain}` || isBrokerHost(bare)
  }

  const owns = (host: string): boolean => isBroker(host) || toChannel(host) !== undefined

  return {
    isBroker,
    owns,
    answer,
    handler(host, request, response) {
      if (!owns(host)) return false
      serve(host, request, response).catch((error: unknown) => {
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

const FULL = plain(503, 'too many events are unfinished for the broker to take more')

const tooLarge = (size: number): EventError =>
  new EventError(`an event must be at most ${MAX_EVENT_BYTES} bytes, got ${size} or more`, 413)

const NOTHING = new Uint8Array(0)

const bareHost = (host: string): string => host.toLowerCase().replace(/:\d+$/, '')

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
