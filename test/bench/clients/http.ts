/** CloudEvents over HTTP, binary mode: POST to the broker, POST to the subscriber. */
import { Agent, createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { BODY_BYTES, nowMs, toAttributes, toBody } from './message.ts'
import type { AddressOf, Consumer, Publisher } from './protocol.ts'

const HEADERS = { 'content-type': 'application/json', 'content-length': String(BODY_BYTES) }

/** Keeps `window` connections open. */
export async function connectPublisher(
  { url }: AddressOf<'http'>,
  window: number,
): Promise<Publisher> {
  const agent = new Agent({ keepAlive: true, maxSockets: window })
  return {
    publish: message =>
      new Promise((resolve, reject) => {
        const headers = { ...HEADERS, ...toAttributes(message) }
        const outgoing = request(url, { method: 'POST', agent, headers }, incoming => {
          incoming.resume()
          incoming.on('error', reject)
          incoming.on('end', () => {
            if (incoming.statusCode === 202) resolve()
            else reject(new Error(`${url} answered ${incoming.statusCode}`))
          })
        })
        outgoing.on('error', reject)
        outgoing.end(toBody({ ...message, sentMs: nowMs() }))
      }),
    close: async () => agent.destroy(),
  }
}

/** Listens; the broker decides how many requests it has in flight. */
export async function connectConsumer(
  _address: AddressOf<'http'>,
  _window: number,
  onBody: (body: string) => void,
): Promise<Consumer> {
  const server = createServer((incoming, response) => {
    let body = ''
    incoming.setEncoding('utf8')
    incoming.on('data', chunk => {
      body += chunk
    })
    incoming.on('end', () => {
      onBody(body)
      response.writeHead(202).end()
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async close() {
      server.closeAllConnections()
      server.close()
    },
  }
}
