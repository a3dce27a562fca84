/** Clients of the ingress that speak HTTP/2 with prior knowledge, as gRPC does. */
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2'
import { onTestFinished } from 'vitest'
import { type Exchange, type Sent, send } from './http-client.ts'
import { createWorld, service, until, type World } from './world.ts'

/** What came over a stream so far. */
export interface Seen {
  headers: IncomingHttpHeaders & { ':status'?: number }
  text: string
  trailers: IncomingHttpHeaders | undefined
  endedWithHead: boolean
  closed: boolean
  code: number | undefined
}

/** One function, `grpc`, that speaks HTTP/2 on its port. */
export const grpcWorld = (): Promise<World> =>
  createWorld([service('grpc', { script: 'h2c', portName: 'h2c' })])

/** A session with the ingress, closed with the test. */
export function open(world: World): ClientHttp2Session {
  const session = connect(world.ingress.url)
  session.on('error', () => {})
  onTestFinished(() => session.destroy())
  return session
}

/** Writes down what comes over a stream. */
export function follow(stream: ClientHttp2Stream): Seen {
  const seen: Seen = {
    headers: {},
    text: '',
    trailers: undefined,
    endedWithHead: false,
    closed: false,
    code: undefined,
  }
  stream.on('error', () => {})
  stream.on('response', (headers, flags) => {
    seen.headers = headers
    seen.endedWithHead = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0
  })
  stream.on('data', (chunk: Buffer) => {
    seen.text += chunk.toString('utf8')
  })
  stream.on('trailers', trailers => {
    seen.trailers = trailers
  })
  stream.on('close', () => {
    seen.closed = true
    seen.code = stream.rstCode
  })
  return seen
}

/** A whole exchange, with `grpc` unless another authority is given. */
export async function exchange(
  session: ClientHttp2Session,
  { headers = {}, body }: { headers?: OutgoingHttpHeaders; body?: string },
): Promise<Seen> {
  const stream = session.request({
    ':method': body === undefined ? 'GET' : 'POST',
    ':path': '/',
    ':authority': 'grpc.localhost',
    ...headers,
  })
  const seen = follow(stream)
  stream.end(body)
  await until('the end of the exchange', () => seen.closed)
  return seen
}

/** A whole exchange with `grpc` over HTTP/1.1. */
export const http1 = (world: World, { headers, ...rest }: Sent): Promise<Exchange> =>
  send(world, { ...rest, headers: { host: 'grpc.localhost', ...headers } })
