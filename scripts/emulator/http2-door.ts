/** Lets a server of HTTP/1.1 also take HTTP/2 by prior knowledge on the same port: the first bytes tell them apart. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer, type ServerHttp2Session } from 'node:http2'
import type { Duplex } from 'node:stream'

/** The part of the server that speaks HTTP/2. */
export interface Http2Door {
  /** Breaks its connections. */
  close(): void
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void

/** RFC 9113 3.4; its first bytes begin no request of HTTP/1.1. */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
/** A client that never says anything is not waited for. */
const FIRST_BYTES_MS = 60_000

/** Takes over new connections of `server`; each is given back at once unless it speaks HTTP/2. */
export function acceptHttp2(server: Server, handle: Handler): Http2Door {
  const sessions = new Set<ServerHttp2Session>()
  const http2 = createServer((given, answer) => {
    // RFC 9113 8.3.1: the pseudo header counts; the compatibility object gives `Host` where there is none.
    if (given.authority) given.headers.host = given.authority
    // Node's compatibility objects stand for those of HTTP/1.1 (node:http2, "Compatibility API").
    handle(given as unknown as IncomingMessage, answer as unknown as ServerResponse)
  })
  http2.on('session', session => {
    sessions.add(session)
    session.once('close', () => sessions.delete(session))
    session.on('error', () => {})
  })
  http2.on('sessionError', () => {})
  const accept = server.listeners('connection') as ((socket: Duplex) => void)[]
  server.removeAllListeners('connection')
  server.on('connection', (socket: Duplex) => {
    readPreface(socket, isHttp2 => {
      if (isHttp2) {
        // Sockets of a server of HTTP/1.1 outlive their client's end, which HTTP/2 does not wait for.
        socket.allowHalfOpen = false
        http2.emit('connection', socket)
      } else for (const listener of accept) listener.call(server, socket)
    })
  })
  return {
    close() {
      for (const session of sessions) session.destroy()
    },
  }
}

/** Calls back when the first bytes are known, with all of them still to be read. */
function readPreface(socket: Duplex, tell: (isHttp2: boolean) => void): void {
  const late = setTimeout(() => socket.destroy(), FIRST_BYTES_MS)
  let head: Buffer = Buffer.alloc(0)
  const onReadable = (): void => {
    const chunk = socket.read() as Buffer | null
    if (chunk === null) return
    head = head.length === 0 ? chunk : Buffer.concat([head, chunk])
    const length = Math.min(head.length, PREFACE.length)
    const isStart = PREFACE.compare(head, 0, length, 0, length) === 0
    // A piece of the preface: the rest is on its way.
    if (isStart && length < PREFACE.length) return
    done()
    socket.unshift(head)
    tell(isStart)
  }
  const onGone = (): void => {
    done()
    socket.destroy()
  }
  const done = (): void => {
    clearTimeout(late)
    socket.off('readable', onReadable)
    socket.off('error', onGone)
    socket.off('end', onGone)
    socket.off('close', onGone)
  }
  socket.on('readable', onReadable)
  socket.on('error', onGone)
  socket.once('end', onGone)
  socket.once('close', onGone)
}
