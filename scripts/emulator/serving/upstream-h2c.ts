/** A request to a replica over HTTP/2 without TLS, as one stream of a kept connection. */
import {
  type ClientHttp2Stream,
  constants,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
} from 'node:http2'
import type { H2cSessions } from './h2c-sessions.ts'
import type { Failure, RequestHead, Upstream, UpstreamEvents } from './upstream.ts'

const { NGHTTP2_FLAG_END_STREAM, NGHTTP2_NO_ERROR, NGHTTP2_REFUSED_STREAM } = constants
/** RFC 9113 8.2.2: what HTTP/2 says by other means. */
const NOT_IN_HTTP2 = new Set([
  'connection',
  'host',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
])

const BROKEN: Failure = { refused: false, stale: false, invalid: false }

/** Sends the head as soon as there is a connection. */
export function sendH2c(
  sessions: H2cSessions,
  head: RequestHead,
  events: UpstreamEvents,
): Upstream {
  const headers = toHttp2Headers(head)
  let stream: ClientHttp2Stream | undefined
  let over = false

  sessions.use(
    (open, kept) => {
      if (over) return
      try {
        stream = open(headers, !head.hasBody)
      } catch (error) {
        return fail({ ...BROKEN, ...(isSessionGone(error) ? { stale: true } : { invalid: true }) })
      }
      follow(stream, kept)
      if (head.hasBody) write(stream)
    },
    error => fail({ ...BROKEN, refused: error.code === 'ECONNREFUSED' }),
  )
  return {
    destroy() {
      over = true
      // Closing the stream would end a half sent body in an orderly way first.
      if (stream?.closed === false) stream.destroy(new Error('the client left'))
    },
  }

  /** Later, because it may be known before our caller has got what we return. */
  function fail(failure: Failure): void {
    process.nextTick(() => {
      if (over) return
      over = true
      events.onFailure(failure)
    })
  }

  function write(stream: ClientHttp2Stream): void {
    let trailers: Record<string, string | string[]> = {}
    stream.once('wantTrailers', () => stream.sendTrailers(trailers))
    events.onWritable({
      stream,
      addTrailers: raw => {
        trailers = toFields(raw)
      },
    })
  }

  function follow(stream: ClientHttp2Stream, kept: boolean): void {
    let answered = false
    let ended = false
    let trailers: readonly string[] = []
    stream.on('headers', (fields: IncomingHttpHeaders & IncomingHttpStatusHeader) => {
      if (!over) events.onInformation?.(fields[':status'] ?? 0, toPairs(fields))
    })
    stream.once('trailers', fields => {
      trailers = toPairs(fields)
    })
    stream.once('end', () => {
      ended = true
    })
    stream.once('response', (fields: IncomingHttpHeaders & IncomingHttpStatusHeader, flags) => {
      answered = true
      if (over) return
      events.onAnswer({
        statusCode: fields[':status'],
        rawHeaders: toPairs(fields),
        connection: undefined,
        contentLength: fields['content-length'],
        body: stream,
        endsWithHead: (flags & NGHTTP2_FLAG_END_STREAM) !== 0,
        isComplete: () => ended && stream.rstCode === NGHTTP2_NO_ERROR,
        rawTrailers: () => trailers,
      })
    })
    stream.on('error', () => {})
    // An answer that broke off is seen by its reader; none at all is told here, as is a request that was not taken.
    stream.once('close', () => {
      if (answered) return
      fail({ ...BROKEN, stale: kept || stream.rstCode === NGHTTP2_REFUSED_STREAM })
    })
  }
}

function toHttp2Headers({ method, path, headers }: RequestHead): Record<string, string | string[]> {
  return { ':method': method, ':path': path, ':scheme': 'http', ...toFields(headers) }
}

function toFields(raw: readonly string[]): Record<string, string | string[]> {
  const fields: Record<string, string | string[]> = {}
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = (raw[index] ?? '').toLowerCase()
    const value = raw[index + 1] ?? ''
    if (name === 'host') fields[':authority'] = value
    else if (!NOT_IN_HTTP2.has(name)) add(fields, name, value)
  }
  return fields
}

function add(fields: Record<string, string | string[]>, name: string, value: string): void {
  const before = fields[name]
  if (before === undefined) fields[name] = value
  else fields[name] = Array.isArray(before) ? [...before, value] : [before, value]
}

function toPairs(fields: IncomingHttpHeaders): string[] {
  const pairs: string[] = []
  for (const [name, value] of Object.entries(fields)) {
    if (name.startsWith(':') || value === undefined) continue
    for (const each of Array.isArray(value) ? value : [value]) pairs.push(name, String(each))
  }
  return pairs
}

const isSessionGone = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && /SESSION/.test(String(error.code))
