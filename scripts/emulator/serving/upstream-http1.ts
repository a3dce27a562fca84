/** A request to a replica over HTTP/1.1, on connections that are kept. */
import { type ClientRequest, request as httpRequest } from 'node:http'
import { refuseSwitch } from '../refuse-switch.ts'
import type { Replica } from './replica.ts'
import type { RequestHead, Upstream, UpstreamEvents } from './upstream.ts'

/** Sends the head. */
export function sendHttp1(
  { agent, port }: Replica,
  { method, path, headers, hasBody }: RequestHead,
  events: UpstreamEvents,
): Upstream {
  let upstream: ClientRequest
  try {
    upstream = httpRequest({
      agent,
      host: '127.0.0.1',
      port,
      method,
      path,
      headers,
      setHost: false,
    })
  } catch {
    process.nextTick(events.onFailure, { refused: false, stale: false, invalid: true })
    return { destroy: () => {} }
  }
  upstream.once('response', answer => {
    events.onAnswer({
      statusCode: answer.statusCode,
      statusMessage: answer.statusMessage,
      rawHeaders: answer.rawHeaders,
      connection: answer.headers.connection,
      contentLength: answer.headers['content-length'],
      body: answer,
      endsWithHead: false,
      isComplete: () => answer.complete,
      rawTrailers: () => answer.rawTrailers,
    })
  })
  refuseSwitch(upstream)
  if (events.onInformation) {
    upstream.on('information', ({ statusCode, rawHeaders }) => {
      events.onInformation?.(statusCode, rawHeaders)
    })
  }
  upstream.on('error', (error: NodeJS.ErrnoException) => {
    events.onFailure({
      refused: error.code === 'ECONNREFUSED',
      stale: upstream.reusedSocket,
      invalid: false,
    })
  })
  if (!hasBody) upstream.end()
  else {
    // Not before there is a connection, so that a refused one has taken nothing of the body.
    upstream.once('socket', socket => {
      if (socket.connecting) socket.once('connect', write)
      else write()
    })
  }
  return upstream

  function write(): void {
    const addTrailers = (raw: readonly string[]): void => upstream.addTrailers(toPairs(raw))
    events.onWritable({ stream: upstream, addTrailers })
  }
}

function toPairs(raw: readonly string[]): [string, string][] {
  const pairs: [string, string][] = []
  for (let index = 0; index + 1 < raw.length; index += 2) {
    pairs.push([raw[index] ?? '', raw[index + 1] ?? ''])
  }
  return pairs
}
