/** Clients of the ingress on real sockets: a whole exchange, an answer as it comes, a switched connection. */
import {
  get,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
} from 'node:http'
import { openWire, type Wire } from '../../../fixtures/wire.ts'
import { until, type World } from './world.ts'

/** An answer that was read to its end. */
export interface Exchange {
  readonly status: number | undefined
  readonly headers: IncomingHttpHeaders
  readonly trailers: NodeJS.Dict<string>
  readonly text: string
  readonly json: Record<string, unknown>
}

/** What a client sends. */
export interface Sent {
  readonly path?: string
  readonly method?: string
  readonly headers?: OutgoingHttpHeaders
  readonly body?: string
}

/** Sends over HTTP/1.1, to `orders.localhost` unless a host is given; rejects when the answer breaks off. */
export function send(
  world: World,
  { path = '/', method = 'GET', headers = {}, body }: Sent,
): Promise<Exchange> {
  return new Promise((resolve, reject) => {
    const client = httpRequest({
      port: world.ingress.port,
      host: '127.0.0.1',
      path,
      method,
      headers: { host: 'orders.localhost', ...headers },
    })
    client.on('error', reject)
    client.once('response', message => {
      let text = ''
      message.on('data', (chunk: Buffer) => {
        text += chunk.toString('utf8')
      })
      message.on('error', reject)
      message.on('end', () => {
        const { statusCode: status, headers: answered, trailers } = message
        const json = text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {}
        resolve({ status, headers: answered, trailers, text, json })
      })
    })
    client.end(body)
  })
}

/** The answer of `orders` as it begins; its body is still to come. */
export function open(world: World, path: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(
      { port: world.ingress.port, host: '127.0.0.1', path, headers: { host: 'orders.localhost' } },
      resolve,
    ).on('error', reject)
  })
}

/** Asks for another protocol. */
export const askToSwitch = (world: World, path: string, host: string = 'orders.localhost'): Wire =>
  openWire(
    world.ingress.port,
    `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n`,
  )

/** A connection to `orders` that speaks the other protocol. */
export async function switched(world: World): Promise<Wire> {
  const connection = askToSwitch(world, '/ws')
  await until('switched', () => connection.text().includes('101 Switching Protocols'))
  return connection
}
