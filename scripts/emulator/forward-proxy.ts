/** The part of the ingress that makes it a forward proxy: requests for hosts outside the emulated cluster. */
import {
  type ClientRequest,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { refuseSwitch } from './refuse-switch.ts'
import { relayHead } from './relay-head.ts'

/** RFC 9110 7.6.1: headers that end at a proxy. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authorization',
  'transfer-encoding',
  'te',
  'trailer',
  'upgrade',
])
const CONNECT_TIMEOUT_MS = 10_000

/** The URL of an absolute-form request target (RFC 9112 3.2.2), or undefined for the usual origin form. */
export function absoluteTarget(request: IncomingMessage): URL | undefined {
  const target = request.url ?? ''
  if (target.startsWith('/') || !URL.canParse(target)) return undefined
  const url = new URL(target)
  return url.protocol === 'http:' ? url : undefined
}

/** Names that only a cluster could resolve: asking the outside for them would mislead. */
export function isClusterName(host: string): boolean {
  return /\.svc(\.cluster\.local)?$/.test(host)
}

/** Host and port of a CONNECT target. */
export function connectTarget(
  request: IncomingMessage,
): { host: string; port: number } | undefined {
  const match = /^(?:\[(?<v6>[\da-f:.]+)\]|(?<name>[^:/\s[\]]+)):(?<port>\d{1,5})$/i.exec(
    request.url ?? '',
  )
  const host = match?.groups?.v6 ?? match?.groups?.name
  return host === undefined ? undefined : { host, port: Number(match?.groups?.port) }
}

/** Passes a plain HTTP request on to a server outside. */
export function forwardOutside(url: URL, request: IncomingMessage, response: ServerResponse): void {
  const refuse = (error: Error): void => {
    if (response.headersSent) response.destroy()
    else response.writeHead(502, TEXT).end(`cannot reach ${url.host} (${toCode(error)})`)
  }
  let upstream: ClientRequest
  try {
    upstream = httpRequest(url, {
      method: request.method,
      headers: [
        'Host',
        url.host,
        ...withoutHops(request.rawHeaders, ['host']),
        // Node frames no body by itself when the method usually has none.
        ...(request.headers['transfer-encoding'] === undefined ? [] : CHUNKED),
      ],
      setHost: false,
    })
  } catch (error) {
    refuse(error as Error)
    return
  }
  response.once('close', () => {
    if (!response.writableEnded || !response.writableFinished) upstream.destroy()
  })
  upstream.once('response', answer => {
    answer.on('error', () => response.destroy())
    if (relayHead(response, answer, withoutHops(answer.rawHeaders))) answer.pipe(response)
    else answer.destroy()
  })
  upstream.on('error', refuse)
  refuseSwitch(upstream)
  request.pipe(upstream)
}

/** Joins a CONNECT client with a server outside, byte for byte. */
export function tunnel(target: { host: string; port: number }, client: Duplex, head: Buffer): void {
  const server = connect({ ...target, timeout: CONNECT_TIMEOUT_MS })
  let open = false
  server.once('connect', () => {
    open = true
    server.setTimeout(0)
    client.write('HTTP/1.1 200 Connection Established\r\n\r\n')
    if (head.length > 0) server.write(head)
    server.pipe(client)
    client.pipe(server)
  })
  server.once('timeout', () => server.destroy())
  server.on('error', () => {})
  client.on('error', () => {})
  server.once('close', () => {
    if (open) client.destroy()
    else client.end('HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\nconnection: close\r\n\r\n')
  })
  client.once('close', () => server.destroy())
}

const CHUNKED = ['Transfer-Encoding', 'chunked']
const TEXT = { 'content-type': 'text/plain; charset=utf-8' }

function withoutHops(raw: readonly string[], also: readonly string[] = []): string[] {
  const kept: string[] = []
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] ?? ''
    const lower = name.toLowerCase()
    if (!HOP_BY_HOP.has(lower) && !also.includes(lower)) kept.push(name, raw[index + 1] ?? '')
  }
  return kept
}

const toCode = (error: Error): string => ('code' in error ? String(error.code) : 'failed')
