/** What clients do wrong, and what they are told: before any function sees it, and never in the middle of an answer. */
import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'

/** Answers what the parser refuses. */
export interface BadClients {
  /** To be told of every request. */
  follow(request: IncomingMessage, response: ServerResponse): void
}

/** Takes over the parser's errors of a server. */
export function answerBadClients(server: Server): BadClients {
  /** The latest answer of each connection: words of our own must not get into one that has begun. */
  const answers = new WeakMap<Duplex, ServerResponse>()
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const answer = answers.get(socket)
    if (answer?.headersSent && !answer.writableFinished) {
      return void (answer.writableEnded ? socket.end() : socket.destroy())
    }
    if (!socket.writable) return void socket.destroy()
    const status = PARSE_STATUS[error.code ?? ''] ?? 400
    socket.end(
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`,
    )
  })
  return { follow: (request, response) => void answers.set(request.socket, response) }
}

/** What Node's parser lets pass and no server before a function would: readers may disagree on what it means. */
export function refusalOf({
  headers,
  rawHeaders,
}: IncomingMessage): { status: number; text: string } | undefined {
  const coding = headers['transfer-encoding']
  if (coding !== undefined && coding.toLowerCase() !== 'chunked') {
    return { status: 501, text: 'unsupported transfer encoding' }
  }
  let hosts = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]
    if (name?.length === HOST_LENGTH && name.toLowerCase() === 'host') hosts++
  }
  return hosts > 1 ? { status: 400, text: 'too many Host headers' } : undefined
}

const HOST_LENGTH = 'host'.length

/** What the client did wrong, by the parser's word for it. */
const PARSE_STATUS: Record<string, number> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  HPE_HEADER_OVERFLOW: 431,
}
