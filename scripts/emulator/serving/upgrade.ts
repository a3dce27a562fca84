/** Passes a protocol switch (WebSocket) through to a replica and joins the two sockets. */
import {
  type ClientRequest,
  request as httpRequest,
  type IncomingMessage,
  STATUS_CODES,
} from 'node:http'
import type { Duplex } from 'node:stream'
import type { Admission, Refusal } from './admission.ts'
import { toFunctionHeaders } from './forward-headers.ts'
import type { Replica } from './replica.ts'
import type { Revision } from './revision.ts'
import { createTimeouts, toTimeoutText } from './timeouts.ts'

/**
 * Takes the socket. The exchange is in flight until either side closes. All timeouts of the revision hold for a switched
 * connection too, and see none of its bytes (serving issues 16169 and 16638).
 */
export function passUpgrade(
  revision: Revision,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): void {
  let upstream: ClientRequest | undefined
  let left = false
  let begun = false
  const proxied = revision.proxied()
  const admission: Admission = { run: send, refuse }
  const timeouts = createTimeouts(revision.service.template, () => {
    if (begun) socket.destroy()
    else refuse({ status: 504, text: toTimeoutText(proxied) })
  })
  socket.on('error', () => {})
  socket.once('close', () => {
    left = true
    timeouts.clear()
    upstream?.destroy()
    revision.leave(admission)
  })
  revision.admit(admission)

  function send(replica: Replica): void {
    if (left) return
    if (replica.h2c) {
      refuse({ status: 502, text: `revision ${revision.name} speaks h2c, which knows no upgrade` })
      return
    }
    try {
      upstream = open(replica)
    } catch {
      refuse({ status: 400, text: 'the request has a head that cannot be passed on' })
      return
    }
    upstream.once('upgrade', (answer, other, first) => join(replica, answer, other, first))
    upstream.once('response', decline)
    upstream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' && !left) {
        upstream = undefined
        revision.readmit(admission)
      } else refuse({ status: 502, text: `revision ${revision.name} broke the connection` })
    })
    upstream.end()
  }

  function open(replica: Replica): ClientRequest {
    return httpRequest({
      // Not from the pool: the connection is not HTTP any more afterwards.
      agent: false,
      host: '127.0.0.1',
      port: replica.port,
      method: request.method,
      path: request.url,
      headers: toFunctionHeaders(request, { proxied, upgrade: true }),
      setHost: false,
    })
  }

  function join(replica: Replica, answer: IncomingMessage, other: Duplex, first: Buffer): void {
    if (left) return void other.destroy()
    begun = true
    replica.switched++
    socket.once('close', () => replica.switched--)
    socket.write(toHead(answer), 'latin1')
    if (first.length > 0) socket.write(first)
    if (head.length > 0) other.write(head)
    other.on('error', () => {})
    other.once('close', () => socket.destroy())
    socket.once('close', () => other.destroy())
    other.pipe(socket)
    socket.pipe(other)
  }

  /** The function answered without switching. */
  function decline(answer: IncomingMessage): void {
    if (left) return void answer.destroy()
    begun = true
    timeouts.started()
    socket.write(toHead(answer, 'close'), 'latin1')
    answer.on('error', () => socket.destroy())
    if (timeouts.watchesWrites) answer.on('data', timeouts.wrote)
    answer.pipe(socket)
  }

  function refuse({ status, text }: Refusal): void {
    if (left || socket.destroyed || socket.writableEnded) return
    socket.end(
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\ncontent-type: text/plain; charset=utf-8\r\n` +
        `content-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n\r\n${text}`,
    )
  }
}

/** The status line and headers as they came; a declined upgrade is delimited by closing. */
function toHead(answer: IncomingMessage, connection?: 'close'): string {
  let head = `HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}\r\n`
  for (let index = 0; index + 1 < answer.rawHeaders.length; index += 2) {
    const name = answer.rawHeaders[index] ?? ''
    const hop = /^(connection|transfer-encoding|keep-alive)$/i.test(name)
    if (connection === undefined || !hop) head += `${name}: ${answer.rawHeaders[index + 1]}\r\n`
  }
  return `${head}${connection === undefined ? '' : `connection: ${connection}\r\n`}\r\n`
}
