import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { parseSse } from '../../../shared/sse.ts'
import { type ByteStream, createByteStream } from '../../../shared/web/body.ts'
import { fetch } from '../../../shared/web/fetch.ts'

const STREAMS = 20
let server: Server
let base = ''

beforeEach(async () => {
  server = createServer((_, response) => void drip(response))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

const endings: Record<string, (body: ByteStream) => Promise<unknown>> = {
  'a break': async body => {
    for await (const _ of body) break
  },
  'an early return through a parser': async body => {
    for await (const _ of parseSse(body)) return
  },
  'a cancel before the first read': body => body.cancel(),
  'a cancel while a read waits': async body => {
    const reader = body.getReader()
    await reader.read()
    const waiting = reader.read()
    await reader.cancel()
    expect(await waiting).toEqual({ done: true, value: undefined })
  },
}

test.each(Object.entries(endings))('%s ends the source and its socket', async (_, end) => {
  for (let n = 0; n < STREAMS; n += 1) {
    const { body } = await fetch(base)
    await end(body as ByteStream)
  }
  await vi.waitFor(async () => expect(await connections()).toBeLessThanOrEqual(1))
})

test('a stream that was left is no longer locked', async () => {
  const stream = createByteStream(twice())
  for await (const _ of stream) break
  expect(stream.locked).toBe(false)
  expect(await stream.getReader().read()).toEqual({ done: true, value: undefined })
})

test('a body that is read to its end keeps its connection', async () => {
  server.removeAllListeners('request')
  server.on('request', (_, response) => response.end('all'))
  let opened = 0
  server.on('connection', () => {
    opened += 1
  })
  for (let n = 0; n < STREAMS; n += 1) {
    for await (const _ of (await fetch(base)).body as ByteStream);
  }
  expect(opened).toBe(1)
})

const connections = (): Promise<number> =>
  new Promise((resolve, reject) =>
    server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  )

/** Begins and never ends. */
function drip(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.write('data: one\n\n')
}

async function* twice(): AsyncIterable<Uint8Array> {
  yield new Uint8Array(1)
  yield new Uint8Array(1)
}
