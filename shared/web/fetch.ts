/** `fetch` over `node:http`: one pooled agent, the proxy of the environment, no undici. Redirects are not followed. */
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import type { BodySource } from './body.ts'
import { Headers } from './headers.ts'
import { type ProxyFor, readProxy } from './proxy.ts'
import type { Request } from './request.ts'
import { Response } from './response.ts'

/** Idle connections of the service-to-service client: 10 to a host, for 90 s. Busy ones are bounded by their callers. */
const POOL = { keepAlive: true, maxFreeSockets: 10, timeout: 90_000 }

let agent: Agent | undefined
let proxyFor: ProxyFor | undefined

/** The members of `RequestInit` that mean something here. */
export interface LightFetchInit {
  method?: string
  headers?: ConstructorParameters<typeof Headers>[0]
  body?: BodySource
  signal?: AbortSignal | null
}

/**
 * Fetch Standard 5.6 for service calls: rejects with a `TypeError` when no answer came, with the signal's reason when
 * aborted; any HTTP status resolves.
 */
export async function fetch(
  input: string | URL | Request,
  init: LightFetchInit = {},
): Promise<Response> {
  const request = typeof input === 'object' && 'headers' in input ? input : undefined
  const url = new URL(request ? request.url : String(input))
  const method = init.method ?? request?.method ?? 'GET'
  const headers = new Headers(init.headers ?? request?.headers)
  const signal = init.signal ?? request?.signal
  const body = 'body' in init ? init.body : request ? await request.bytes() : undefined
  signal?.throwIfAborted()
  const bytes = toBuffered(body)
  if (body != null && bytes === undefined) headers.delete('content-length')
  else if (bytes !== undefined) headers.set('content-length', String(bytes.byteLength))
  const incoming = await send(
    url,
    method,
    headers,
    bytes ?? (body as AsyncIterable<Uint8Array>),
    signal,
  )
  const status = incoming.statusCode ?? 0
  return new Response(hasNoBody(method, status) ? drained(incoming) : incoming, {
    status,
    statusText: incoming.statusMessage ?? '',
    headers: pairs(incoming.rawHeaders),
    url: url.href,
  })
}

async function send(
  url: URL,
  method: string,
  headers: Headers,
  body: Uint8Array | AsyncIterable<Uint8Array> | undefined,
  signal: AbortSignal | null | undefined,
): Promise<IncomingMessage> {
  const secure = url.protocol === 'https:'
  const request = secure ? (await import('node:https')).request : httpRequest
  agent ??= new Agent(POOL)
  proxyFor ??= readProxy(process.env)
  const proxy = secure ? undefined : proxyFor(url)
  const { hostname, port } = proxy ?? url
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: hostname.replace(/^\[|\]$/g, ''),
        port: port || (secure ? 443 : 80),
        // A proxy is asked for the whole URL (RFC 9112 3.2.2).
        path: proxy ? `${url.origin}${url.pathname}${url.search}` : `${url.pathname}${url.search}`,
        method,
        headers: { host: url.host, ...toRecord(headers) },
        // Said to be none, or the agent looks for one in the Host header, with an expression that takes 1 ms to compile.
        ...(secure ? {} : { agent, servername: '' }),
        ...(signal && { signal }),
      },
      resolve,
    )
    outgoing.on('socket', guard)
    outgoing.on('error', error => {
      reject(signal?.aborted ? signal.reason : new TypeError('fetch failed', { cause: error }))
    })
    if (body === undefined || body instanceof Uint8Array) outgoing.end(body)
    else pump(body, outgoing).catch(error => outgoing.destroy(error))
  })
}

const guarded = new WeakSet<Socket>()

/**
 * Between the end of an answer and its return to the pool a socket has no error listener (node's lib/_http_client.js,
 * TODO in responseKeepAlive): an abort in that moment, such as one that discards the end, would end the process.
 */
function guard(socket: Socket): void {
  if (guarded.has(socket)) return
  guarded.add(socket)
  socket.on('error', () => {})
}

async function pump(
  body: AsyncIterable<Uint8Array>,
  outgoing: ReturnType<typeof httpRequest>,
): Promise<void> {
  const iterator = body[Symbol.asyncIterator]()
  let resume = (): void => {}
  outgoing.on('drain', () => resume())
  // A request that has ended takes no more: nobody waits for its drain, and its source is told to stop.
  outgoing.once('close', () => {
    resume()
    if ('destroy' in body) (body as Readable).destroy()
    else iterator.return?.().catch(() => {})
  })
  for (;;) {
    const { done, value } = await iterator.next()
    if (outgoing.destroyed) return
    if (done) break
    if (!outgoing.write(value)) {
      await new Promise<void>(resolve => {
        resume = resolve
        if (outgoing.destroyed) resolve()
      })
    }
  }
  outgoing.end()
}

function toBuffered(body: BodySource): Uint8Array | undefined {
  if (typeof body === 'string') return Buffer.from(body)
  if (body instanceof Uint8Array) return body
  if (body instanceof ArrayBuffer) return new Uint8Array(body)
  if (body instanceof URLSearchParams) return Buffer.from(String(body))
  return undefined
}

function toRecord(headers: Headers): Record<string, string | string[]> {
  const record: Record<string, string | string[]> = Object.fromEntries(headers)
  const cookies = headers.getSetCookie()
  if (cookies.length > 0) record['set-cookie'] = cookies
  return record
}

function* pairs(raw: string[]): Iterable<[string, string]> {
  for (let i = 0; i + 1 < raw.length; i += 2) yield [raw[i] ?? '', raw[i + 1] ?? '']
}

const hasNoBody = (method: string, status: number): boolean =>
  method === 'HEAD' || status === 204 || status === 304

function drained(incoming: Readable): null {
  incoming.resume()
  return null
}
