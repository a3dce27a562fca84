/** The one door of the emulator: routes by host name, and is the forward proxy of every function. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, isIP } from 'node:net'
import type { Duplex } from 'node:stream'
import { answerBadClients, refusalOf } from './bad-clients.ts'
import {
  absoluteTarget,
  connectTarget,
  forwardOutside,
  isClusterName,
  tunnel,
} from './forward-proxy.ts'
import { acceptHttp2 } from './http2-door.ts'
import type { Log } from './log.ts'
import type {
  HostHandler,
  NetworkRequest,
  NetworkResponse,
  Send,
  UpgradeHandler,
} from './network.ts'
import { createOutboundSend } from './serving/outbound-send.ts'
import type { Authority } from './tls/authority.ts'
import { createSecureDoor, type SecureDoor, type SecureDoorOptions } from './tls/secure-door.ts'

/** What the ingress leads to. */
export interface IngressOptions {
  /** 0 takes any free port. */
  readonly port: number
  readonly host?: string
  /** Allows an address other than loopback; anyone on the network can then call everything. */
  readonly allowRemote?: boolean
  /** The first that takes a request serves it. */
  readonly handlers: readonly HostHandler[]
  /** The same for protocol switches. */
  readonly upgrades?: readonly UpgradeHandler[]
  /** Hosts that speak nothing but HTTP: there an offer of another protocol is a request like any other. */
  readonly ignoresUpgrade?: (host: string) => boolean
  /** The same for requests made inside the emulator; they answer undefined for a host that is not theirs. */
  readonly senders?: readonly ((request: NetworkRequest) => Promise<NetworkResponse | undefined>)[]
  /** Whether a host is one of the handlers'; CONNECT and `send` ask before there is a request. */
  readonly owns?: (host: string) => boolean
  /** Names below it are never looked for outside. */
  readonly domain?: string
  /** A second port that speaks TLS; undefined takes 8443 or the next free one, 0 any. */
  readonly tls?: TlsOptions
  readonly log: Log
}

/** How https is served. */
export interface TlsOptions {
  readonly port?: number | undefined
  readonly authority: Authority
}

/** The listening ingress. */
export interface Ingress {
  readonly port: number
  readonly url: string
  /** With TLS, where it was asked for. */
  readonly secure: { readonly port: number; readonly url: string } | undefined
  readonly send: Send
  /** Stops listening and drops every connection. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** The port asked for is taken: a user error. */
export class PortInUseError extends Error {
  override readonly name = 'PortInUseError'
  readonly code = 'EADDRINUSE'

  constructor(port: number, option: string = '--port') {
    super(`port ${port} is in use: choose another with ${option}`)
  }
}

const LOOPBACK = '127.0.0.1'
/** Envoy's, which stands before every function on a cluster. */
const MAX_HEAD_BYTES = 60 * 1_024
/** Longer than the idle time of common clients, so that they close first. */
const KEEP_ALIVE_MS = 65_000

/**
 * Listens.
 * @throws PortInUseError when the port is taken
 * @throws TypeError when the host is not a loopback address and `allowRemote` is not set
 */
export async function createIngress(options: IngressOptions): Promise<Ingress> {
  const { host: address = LOOPBACK, handlers, upgrades = [], senders = [], log } = options
  if (!options.allowRemote && !isLoopback(address)) {
    throw new TypeError(`"host" must be a loopback address, got ${address}`)
  }
  const isLocal = (host: string): boolean =>
    isClusterName(host) || isBelow(host, options.domain) || options.owns?.(host) === true
  const sockets = new Set<Duplex>()
  // No limit on the time of a whole request here: each function has its own.
  const server = createServer(
    {
      keepAliveTimeout: KEEP_ALIVE_MS,
      requestTimeout: 0,
      maxHeaderSize: MAX_HEAD_BYTES,
      // RFC 9113 3.1: nobody switches to h2c any more; such a request is an ordinary one.
      shouldUpgradeCallback: ({ headers: { host = '', upgrade } }) =>
        upgrade?.toLowerCase() !== 'h2c' && !options.ignoresUpgrade?.(host),
    },
    route,
  )
  const http2 = acceptHttp2(server, route)
  server.on('upgrade', routeUpgrade)
  server.on('connect', routeConnect)
  server.on('connection', (socket: Duplex) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  const clients = answerBadClients(server)

  function route(request: IncomingMessage, response: ServerResponse): void {
    clients.follow(request, response)
    const wrong = refusalOf(request)
    if (wrong) {
      response.shouldKeepAlive = false
      return void say(response, wrong.status, wrong.text)
    }
    const outside = absoluteTarget(request)
    if (outside) toOriginForm(request, outside)
    const host = request.headers.host ?? ''
    try {
      for (const handler of handlers) if (handler(host, request, response)) return
    } catch (error) {
      log.error('ingress', `failed: ${error instanceof Error ? error.stack : String(error)}`)
      if (response.headersSent) response.destroy()
      else say(response, 500, 'internal error')
      return
    }
    if (outside && !isLocal(bareName(host))) forwardOutside(outside, request, response)
    else say(response, 404, `nothing answers for host ${JSON.stringify(host.slice(0, MAX_SHOWN))}`)
  }

  function routeUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const outside = absoluteTarget(request)
    if (outside) toOriginForm(request, outside)
    const host = request.headers.host ?? ''
    try {
      for (const upgrade of upgrades) if (upgrade(host, request, socket, head)) return
    } catch (error) {
      log.error(
        'ingress',
        `upgrade failed: ${error instanceof Error ? error.stack : String(error)}`,
      )
      return void socket.destroy()
    }
    socket.on('error', () => {})
    socket.end('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n')
  }

  /** A host of ours gets the very same server on the tunnel's socket; all else is joined with the outside. */
  function routeConnect(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const target = connectTarget(request)
    if (!target) {
      socket.on('error', () => {})
      socket.end('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n')
      return
    }
    if (!isLocal(bareName(target.host))) {
      tunnel(target, socket, head)
      return
    }
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
    if (head.length > 0) socket.unshift(head)
    server.emit('connection', socket)
  }

  /** The system had no memory for it, say: that client is told nothing, and nobody else is hurt. */
  const onError = (error: Error): void =>
    log.warn('ingress', `a connection was not accepted: ${error.message}`)
  const port = await listen(server, options.port, address)
  server.on('error', onError)
  const door =
    options.tls && (await openSecureDoor(server, { host: address, onError, ...options.tls }))
  const outbound = createOutboundSend({ ingressPort: port, ingressHost: address, isLocal })
  let closed: Promise<void> | undefined

  async function send(request: NetworkRequest): Promise<NetworkResponse> {
    for (const sender of senders) {
      const answer = await sender(request)
      if (answer) return answer
    }
    return outbound.send(request)
  }

  function close(): Promise<void> {
    closed ??= new Promise(resolve => {
      outbound.close()
      http2.close()
      const plain = new Promise<void>(done => void server.close(() => done()))
      for (const socket of sockets) socket.destroy()
      resolve(Promise.all([plain, door?.close()]).then(() => {}))
    })
    return closed
  }

  const shown = address.includes(':') ? `[${address}]` : address
  return {
    port,
    url: `http://${shown}:${port}`,
    secure: door && { port: door.port, url: `https://${shown}:${door.port}` },
    send,
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** The plain server is closed again when the secure one cannot open. */
async function openSecureDoor(
  server: Server,
  { port, ...options }: TlsOptions & Omit<SecureDoorOptions, 'port'>,
): Promise<SecureDoor> {
  for (const each of port === undefined ? SECURE_PORTS : [port]) {
    try {
      return await createSecureDoor(server, { ...options, port: each })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') continue
      server.close()
      throw error
    }
  }
  server.close()
  throw new PortInUseError(port ?? 0, '--tls-port')
}

/** The default and those after it, then any. */
const SECURE_PORTS = [...Array.from({ length: 20 }, (_, index) => 8_443 + index), 0]
const MAX_SHOWN = 260

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? new PortInUseError(port) : error)
    })
    server.listen({ port, host }, () => {
      server.removeAllListeners('error')
      resolve((server.address() as AddressInfo).port)
    })
  })
}

/** RFC 9112 3.2.2: the target's host counts, whatever the Host header says. */
function toOriginForm(request: IncomingMessage, url: URL): void {
  const raw = request.rawHeaders
  request.url = `${url.pathname}${url.search}`
  request.headers.host = url.host
  for (let index = 0; index < raw.length; index += 2) {
    if (raw[index]?.toLowerCase() === 'host') raw[index + 1] = url.host
  }
}

function say(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(text)
}

function isLoopback(address: string): boolean {
  return address === '::1' || (isIP(address) === 4 && address.startsWith('127.'))
}

function isBelow(host: string, domain: string | undefined): boolean {
  return domain !== undefined && host.endsWith(`.${domain}`)
}

const bareName = (host: string): string =>
  host.replace(/:\d+$/, '').replace(/\.$/, '').toLowerCase()
