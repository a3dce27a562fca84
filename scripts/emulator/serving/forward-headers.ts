/** The headers that a function sees: the client's, without those of one hop, with those that Knative adds. */
import type { IncomingMessage } from 'node:http'
import { hasBody } from './client-message.ts'

/** RFC 9110 7.6.1, and what Knative prunes before user code (activator.RevisionHeaders). */
const DROPPED_FROM_REQUEST = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  // Node answered `100 Continue` itself already.
  'expect',
  'knative-serving-revision',
  'knative-serving-namespace',
  'k-original-host',
  'k-proxy-request',
  // Of probes, and of meshes.
  'k-kubelet-probe',
  'k-network-hash',
  'k-network-probe',
  'k-passthrough-lb',
  'x-forwarded-for',
  'x-forwarded-proto',
])
const DROPPED_FROM_RESPONSE = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Without them nobody knows what the rest means: naming them in `Connection` takes nothing away. */
const NEVER_OF_ONE_HOP = new Set(['host', 'content-length'])

/** RFC 9110 6.5.1: what frames and routes stands at the beginning or nowhere. */
const NOT_IN_TRAILERS = new Set([...DROPPED_FROM_REQUEST, ...NEVER_OF_ONE_HOP])

/** On which way a request reaches the function. */
export interface Way {
  /** The activator is in the path, and says so. */
  readonly proxied: boolean
  /** Keeps the two headers of a protocol switch. */
  readonly upgrade?: boolean
}

/** Raw request headers for the function. */
export function toFunctionHeaders(
  request: IncomingMessage,
  { proxied, upgrade = false }: Way,
): string[] {
  const raw = request.httpVersionMajor === 2 ? toHttp1Headers(request) : request.rawHeaders
  const headers = keep(raw, DROPPED_FROM_REQUEST, request.headers.connection)
  const forwardedFor = join(request.headers['x-forwarded-for'], clientAddress(request))
  const proto = single(request.headers['x-forwarded-proto']) ?? scheme(request)
  headers.push('X-Forwarded-For', forwardedFor, 'X-Forwarded-Proto', proto)
  if (request.headers.forwarded === undefined) {
    const host = single(request.headers['x-forwarded-host'])
    headers.push('Forwarded', toForwarded(forwardedFor, proto, host))
  }
  if (proxied) headers.push('K-Proxy-Request', 'activator')
  // A client that understands trailers may say so, for what answers may need to know (Go's ReverseProxy does the same).
  const { te } = request.headers
  if (te !== undefined && /\btrailers\b/i.test(String(te))) headers.push('Te', 'trailers')
  const chunked = request.headers['transfer-encoding'] !== undefined || isUnsized(request)
  if (chunked && !upgrade) {
    headers.push('Transfer-Encoding', 'chunked')
    const { trailer } = request.headers
    if (trailer !== undefined) headers.push('Trailer', trailer)
  }
  if (upgrade) headers.push('Connection', 'Upgrade', 'Upgrade', request.headers.upgrade ?? '')
  return headers
}

/** Raw trailers of a request, for the function. */
export function toFunctionTrailers(raw: readonly string[]): string[] {
  return keep(raw, NOT_IN_TRAILERS)
}

/** Raw response headers for the client. */
export function toClientHeaders({
  rawHeaders,
  connection,
}: {
  rawHeaders: readonly string[]
  connection: string | undefined
}): string[] {
  return keep(rawHeaders, DROPPED_FROM_RESPONSE, connection)
}

/** RFC 7239, as queue-proxy makes it of the X-Forwarded headers (serving pkg/queue/forwarded_shim.go). */
export function toForwarded(forwardedFor: string, proto: string, host?: string): string {
  const about = `${host === undefined ? '' : `;host=${host}`};proto=${proto}`
  if (!forwardedFor.includes(',')) return `${toNode(forwardedFor)}${about}`
  const [first = '', ...rest] = forwardedFor.split(',').map(toNode)
  return [`${first}${about}`, ...rest].join(', ')
}

function toNode(address: string): string {
  const node = address.trim()
  return node.includes(':') ? `for="${node.startsWith('[') ? node : `[${node}]`}"` : `for=${node}`
}

/** RFC 9113 8.2.3 and 8.3.1: `Host` stands in `:authority`, and a Cookie may have come in pieces. */
function toHttp1Headers({ headers }: IncomingMessage): string[] {
  const raw: string[] = []
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(':') || value === undefined) continue
    for (const each of Array.isArray(value) ? value : [value]) raw.push(name, each)
  }
  return raw
}

/** HTTP/2 needs no word for a body of unknown length, HTTP/1.1 does. */
function isUnsized(request: IncomingMessage): boolean {
  if (request.httpVersionMajor !== 2) return false
  return request.headers['content-length'] === undefined && hasBody(request)
}

function scheme({ socket }: IncomingMessage): string {
  return 'encrypted' in socket && socket.encrypted === true ? 'https' : 'http'
}

/** Copies name and value pairs, without the dropped names and those that `Connection` lists. */
function keep(raw: readonly string[], dropped: ReadonlySet<string>, connection?: string): string[] {
  const listed = listedBy(connection)
  const kept: string[] = []
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] ?? ''
    const lower = name.toLowerCase()
    if (!dropped.has(lower) && !listed?.includes(lower)) kept.push(name, raw[index + 1] ?? '')
  }
  return kept
}

function listedBy(connection: string | undefined): string[] | undefined {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') {
    return undefined
  }
  return connection
    .toLowerCase()
    .split(',')
    .map(name => name.trim())
    .filter(name => !NEVER_OF_ONE_HOP.has(name))
}

function clientAddress(request: IncomingMessage): string {
  const address = request.socket.remoteAddress ?? '127.0.0.1'
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address
}

const join = (before: string | string[] | undefined, address: string): string =>
  before === undefined ? address : `${String(before)}, ${address}`

const single = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value[0] : value
