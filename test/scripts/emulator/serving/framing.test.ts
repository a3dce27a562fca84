/** What stands around bodies: trailers of requests, heads before the head, and headers that frame. */
import { request as httpRequest } from 'node:http'
import { connect as connectHttp2, type IncomingHttpHeaders } from 'node:http2'
import { expect, onTestFinished, test } from 'vitest'
import { openWire, type Wire } from '../../../fixtures/wire.ts'
import { createWorld, service, until, type World } from './world.ts'

const HOST = 'Host: orders.localhost\r\n'
const framing = (rest: Parameters<typeof service>[1] = {}): Promise<World> =>
  createWorld([service('orders', { script: 'framing', ...rest })])

test('trailers of a request reach the function, announced as they were', async () => {
  const world = await framing()
  const client = openWire(
    world.ingress.port,
    `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\nTrailer: x-sum\r\nConnection: close\r\n\r\n` +
      '5\r\nhello\r\n0\r\nx-sum: 42\r\n\r\n',
  )
  await until('closed', client.closed)
  expect(jsonOf(client)).toMatchObject({
    body: 'hello',
    headers: { trailer: 'x-sum', 'transfer-encoding': 'chunked' },
    trailers: { 'x-sum': '42' },
  })
})

test('trailers of an HTTP/2 request reach a function of HTTP/1.1', async () => {
  const world = await framing()
  expect(await sendHttp2(world)).toMatchObject({ body: 'hello', trailers: { 'x-sum': '42' } })
})

test.each(['http1', 'http2'])('trailers of an %s request reach a function of h2c', async way => {
  const world = await createWorld([service('orders', { script: 'h2c', portName: 'h2c' })])
  if (way === 'http2') {
    expect(await sendHttp2(world)).toMatchObject({ body: 'hello', trailers: { 'x-sum': '42' } })
    return
  }
  const client = openWire(
    world.ingress.port,
    `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n` +
      '5\r\nhello\r\n0\r\nx-sum: 42\r\n\r\n',
  )
  await until('closed', client.closed)
  expect(client.text()).toContain('"trailers":{"x-sum":"42"}')
})

test('a Trailer header of a request with a length is no reason to refuse it', async () => {
  const world = await framing()
  const client = openWire(
    world.ingress.port,
    `POST / HTTP/1.1\r\n${HOST}Content-Length: 5\r\nTrailer: x-sum\r\nConnection: close\r\n\r\nhello`,
  )
  await until('closed', client.closed)
  expect(jsonOf(client)).toMatchObject({ body: 'hello' })
})

test('early hints and 102 pass before the answer', async () => {
  const world = await framing()
  const heads: [number, unknown][] = []
  const text = await new Promise<string>((resolve, reject) => {
    const { port } = world.ingress
    const client = httpRequest({ port, path: '/hints', headers: { host: 'orders.localhost' } })
    client.on('information', ({ statusCode, headers }) => heads.push([statusCode, headers.link]))
    client.on('error', reject)
    client.on('response', message => {
      message.setEncoding('utf8').on('data', resolve)
    })
    client.end()
  })
  expect(text).toBe('hinted')
  expect(heads).toEqual([
    [102, undefined],
    [103, '</a.css>; rel=preload, </b.js>; rel=preload'],
  ])
})

test('early hints reach a client of HTTP/2, and no client of HTTP/1.0', async () => {
  const world = await framing()
  const session = connectHttp2(world.ingress.url)
  onTestFinished(() => session.destroy())
  const hints: IncomingHttpHeaders[] = []
  const stream = session.request({ ':path': '/hints', ':authority': 'orders.localhost' })
  stream.on('headers', fields => hints.push(fields))
  stream.resume()
  await new Promise(resolve => stream.once('end', resolve))
  expect(hints).toMatchObject([{ ':status': 102 }, { ':status': 103 }])
  expect(hints[1]?.link).toContain('</a.css>; rel=preload')
  const old = openWire(world.ingress.port, `GET /hints HTTP/1.0\r\n${HOST}\r\n`)
  await until('closed', old.closed)
  expect(old.text()).toMatch(/^HTTP\/1\.1 200 /)
})

test('hints that cannot be passed on are left out', async () => {
  const world = await framing()
  const client = openWire(
    world.ingress.port,
    `GET /hints-without-link HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`,
  )
  await until('closed', client.closed)
  expect(client.text()).toMatch(/^HTTP\/1\.1 200 .*hinted/s)
})

test.each(['Content-Length', 'Host', 'Transfer-Encoding'])(
  'a client cannot make the body a request of its own by listing %s as a hop',
  async name => {
    const world = await framing()
    const inner = `GET /smuggled HTTP/1.1\r\n${HOST}\r\n`
    const client = openWire(
      world.ingress.port,
      `GET /outer HTTP/1.1\r\n${HOST}Connection: close, ${name}\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`,
    )
    await until('closed', client.closed)
    expect(jsonOf(client)).toMatchObject({ body: inner, headers: { host: 'orders.localhost' } })
    const seen = await world.call('orders.localhost', '/seen')
    expect(JSON.parse(seen.text)).toEqual(['GET /outer'])
  },
)

test('a client that uploads on after it was told 504 does not hang: the connection ends or goes on', async () => {
  const world = await framing({ timeoutSeconds: 1 })
  await world.call('orders.localhost')
  const size = 32 * 1024 * 1024
  const client = openWire(
    world.ingress.port,
    `POST /unread HTTP/1.1\r\n${HOST}Content-Length: ${size}\r\n\r\n`,
  )
  client.socket.write(Buffer.alloc(size, 'x'))
  await until('told', () => client.text().startsWith('HTTP/1.1 504 '))
  client.socket.write(`GET /after HTTP/1.1\r\n${HOST}\r\n`)
  await until('over', () => client.closed() || client.text().includes('HTTP/1.1 200 '))
})

test('a declined upgrade passes byte for byte, and the limits of time hold for it', async () => {
  const world = await framing({ timeoutSeconds: 2 })
  await world.call('orders.localhost')
  const client = openWire(
    world.ingress.port,
    `GET /no-thanks HTTP/1.1\r\n${HOST}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
  )
  await until('answered', () => client.text().includes('half'))
  expect(client.text()).toContain('x-name: gr\xfc\xdfe\r\n')
  await until('timed out', client.closed)
  await until('no more in flight', () => world.serving.status()[0]?.inFlight === 0)
})

test('the authority of HTTP/2 counts, whatever its Host header says', async () => {
  const world = await framing()
  const session = connectHttp2(world.ingress.url)
  onTestFinished(() => session.destroy())
  const stream = session.request({
    ':path': '/',
    ':authority': 'orders.localhost',
    host: 'other.localhost',
  })
  let text = ''
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  await new Promise(resolve => stream.once('end', resolve))
  expect(JSON.parse(text)).toMatchObject({ headers: { host: 'orders.localhost' } })
})

/** The JSON in an answer. */
function jsonOf({ text }: Wire): unknown {
  return JSON.parse(text().slice(text().indexOf('{'), text().lastIndexOf('}') + 1))
}

async function sendHttp2(world: World): Promise<unknown> {
  const session = connectHttp2(world.ingress.url)
  onTestFinished(() => session.destroy())
  const stream = session.request(
    { ':method': 'POST', ':path': '/', ':authority': 'orders.localhost' },
    { waitForTrailers: true },
  )
  stream.once('wantTrailers', () => stream.sendTrailers({ 'x-sum': '42' }))
  let text = ''
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  stream.end('hello')
  await new Promise(resolve => stream.once('end', resolve))
  return JSON.parse(text)
}
