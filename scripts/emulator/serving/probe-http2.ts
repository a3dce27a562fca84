/** A GET over HTTP/2 by prior knowledge on a connection of its own, and the same for a gRPC call. */
import { connect, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2'

/** What came back. */
export interface Http2Answer {
  readonly headers: IncomingHttpHeaders & { readonly ':status'?: number }
  readonly trailers: IncomingHttpHeaders
  readonly body: Buffer
}

/** The status, or why there is none. */
export async function tryHttp2(
  { path, headers }: { path: string; headers: Record<string, string> },
  port: number,
  limitMs: number,
): Promise<number | string> {
  const answer = await askHttp2({ ':path': path, ...headers }, undefined, { port, limitMs })
  return typeof answer === 'string' ? answer : (answer.headers[':status'] ?? 0)
}

/** One request, or why it had no answer within the limit. */
export function askHttp2(
  headers: OutgoingHttpHeaders,
  body: Uint8Array | undefined,
  { port, limitMs }: { port: number; limitMs: number },
): Promise<Http2Answer | string> {
  return new Promise(resolve => {
    const session = connect(`http://127.0.0.1:${port}`)
    const finish = (result: Http2Answer | string): void => {
      clearTimeout(limit)
      resolve(result)
      session.destroy()
    }
    const limit = setTimeout(() => finish(`no answer within ${limitMs} ms`), limitMs)
    session.on('error', error => finish(toReason(error)))
    const stream = session.request(headers, { endStream: body === undefined })
    let head: Http2Answer['headers'] = {}
    let trailers: IncomingHttpHeaders = {}
    const chunks: Buffer[] = []
    stream.on('response', fields => {
      head = fields
    })
    stream.on('trailers', fields => {
      trailers = fields
    })
    stream.on('data', (chunk: Buffer) => {
      if (chunks.length < MAX_CHUNKS) chunks.push(chunk)
    })
    stream.on('error', error => finish(toReason(error)))
    stream.once('close', () => {
      if (head[':status'] === undefined) finish('the connection was closed')
      else finish({ headers: head, trailers, body: Buffer.concat(chunks) })
    })
    if (body) stream.end(body)
  })
}

/** A stream is cancelled because its connection failed. */
function toReason(error: NodeJS.ErrnoException): string {
  return error.cause instanceof Error ? toReason(error.cause) : (error.code ?? error.message)
}

/** Nobody needs the body of a probe; what is looked at is in its first bytes. */
const MAX_CHUNKS = 16
