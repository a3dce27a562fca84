/** Clients that send what no client should: they are told, no function sees it, and the next client is served. */
import { expect, test } from 'vitest'
import { openWire } from '../../../fixtures/wire.ts'
import { createWorld, service, until } from './world.ts'

const HOST = 'Host: orders.localhost\r\n'

test.each([
  [
    'a length and chunks',
    `POST / HTTP/1.1\r\n${HOST}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    400,
  ],
  [
    'two lengths',
    `POST / HTTP/1.1\r\n${HOST}Content-Length: 4\r\nContent-Length: 5\r\n\r\nhello`,
    400,
  ],
  ['a length that is none', `POST / HTTP/1.1\r\n${HOST}Content-Length: +4\r\n\r\nabcd`, 400],
  ['an unknown coding', `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: xchunked\r\n\r\n`, 501],
  [
    'chunked that is not last',
    `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n`,
    400,
  ],
  [
    'a space before the colon',
    `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n`,
    400,
  ],
  ['a bare line feed', `GET / HTTP/1.1\n${HOST}\r\n\r\n`, 400],
  ['a control character in a header', `GET / HTTP/1.1\r\n${HOST}x: a\0b\r\n\r\n`, 400],
  ['a folded header', `GET / HTTP/1.1\r\n${HOST}x: a\r\n b\r\n\r\n`, 400],
  ['no host', 'GET / HTTP/1.1\r\n\r\n', 400],
  ['two hosts', `GET / HTTP/1.1\r\n${HOST}Host: other.localhost\r\n\r\n`, 400],
  ['no HTTP', 'hello there\r\n\r\n', 400],
  ['a head without end', `GET / HTTP/1.1\r\n${HOST}x: ${'x'.repeat(70_000)}`, 431],
  ['a URL without end', `GET /${'x'.repeat(70_000)} HTTP/1.1\r\n${HOST}\r\n`, 431],
  ['no name at all', 'GET / HTTP/1.0\r\n\r\n', 404],
])('%s is answered for the function', async (_, head, status) => {
  const world = await createWorld([service('orders')])
  const client = openWire(world.ingress.port, head)
  await until('answered', () => client.text().includes('\r\n\r\n'))
  expect(client.text()).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
  expect(world.serving.status()[0]).toMatchObject({ requests: 0 })
})

test('nothing behind a refused request is taken for another one', async () => {
  const world = await createWorld([service('orders')])
  const client = openWire(
    world.ingress.port,
    `POST / HTTP/1.1\r\n${HOST}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n` +
      `GET /smuggled HTTP/1.1\r\n${HOST}\r\n`,
  )
  await until('closed', client.closed)
  expect(client.text().match(/HTTP\/1\.1/g)).toHaveLength(1)
  expect(world.serving.status()[0]).toMatchObject({ requests: 0 })
})

test('chunks that go wrong half way end the exchange, and free its slot', async () => {
  const world = await createWorld([service('orders')])
  await world.call('orders.localhost')
  const client = openWire(
    world.ingress.port,
    `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`,
  )
  await until('in flight', () => world.serving.status()[0]?.inFlight === 1)
  client.socket.write('zz\r\n')
  await until('closed', client.closed)
  await until('freed', () => world.serving.status()[0]?.inFlight === 0)
})

test('an answer that has begun is not mixed with our words about the request', async () => {
  const world = await createWorld([service('orders')])
  const client = openWire(
    world.ingress.port,
    `POST /early HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`,
  )
  await until('begun', () => client.text().includes('early'))
  client.socket.write('zz\r\n')
  await until('closed', client.closed)
  expect(client.text()).not.toContain('400')
})

test('a body that never comes is given up with its client', async () => {
  const world = await createWorld([service('orders')])
  await world.call('orders.localhost')
  const client = openWire(
    world.ingress.port,
    `POST / HTTP/1.1\r\n${HOST}Content-Length: 10\r\n\r\nhalf`,
  )
  await until('in flight', () => world.serving.status()[0]?.inFlight === 1)
  client.socket.destroy()
  await until('freed', () => world.serving.status()[0]?.inFlight === 0)
})

test('requests in a row on one connection are answered in order', async () => {
  const world = await createWorld([service('orders')])
  const client = openWire(
    world.ingress.port,
    `GET /?ms=100&first HTTP/1.1\r\n${HOST}\r\nGET /?second HTTP/1.1\r\n${HOST}\r\n`,
  )
  await until('both', () => client.text().includes('"url":"/?second"'))
  expect(client.text().indexOf('first')).toBeLessThan(client.text().indexOf('second'))
})

test('a head of more than a function of Node takes is refused by the function itself', async () => {
  const world = await createWorld([service('orders')])
  const client = openWire(world.ingress.port, `GET /${'x'.repeat(30_000)} HTTP/1.1\r\n${HOST}\r\n`)
  await until('answered', () => client.text().startsWith('HTTP/1.1 431'))
  expect(world.serving.status()[0]).toMatchObject({ requests: 1 })
})
