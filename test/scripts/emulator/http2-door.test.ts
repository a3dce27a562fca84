/** Clients of HTTP/2 at the port of HTTP/1.1. */
import { constants } from 'node:http2'
import { expect, test } from 'vitest'
import { openWire } from '../../fixtures/wire.ts'
import { exchange, open } from './serving/http2-client.ts'
import { createWorld, service, until } from './serving/world.ts'

test('a function of HTTP/1.1 answers clients of HTTP/2, on the port of HTTP/1.1', async () => {
  const world = await createWorld([service('orders')])
  const session = open(world)
  const get = await exchange(session, { headers: { ':authority': 'orders.test.localhost' } })
  expect(JSON.parse(get.text)).toMatchObject({
    method: 'GET',
    headers: { host: 'orders.test.localhost' },
  })
  expect(get.headers['set-cookie']).toEqual(['a=1', 'b=2'])
  const posted = await exchange(session, {
    headers: { ':authority': 'orders.localhost', ':path': '/x', cookie: ['a=1', 'b=2'] },
    body: 'of unknown length',
  })
  expect(JSON.parse(posted.text)).toMatchObject({
    method: 'POST',
    body: 'of unknown length',
    headers: { cookie: 'a=1; b=2', 'transfer-encoding': 'chunked' },
  })
  const missing = await exchange(session, { headers: { ':authority': 'nobody.localhost' } })
  expect(missing.headers[':status']).toBe(404)
  await exchange(session, { headers: { ':authority': 'orders.localhost', ':path': '/half' } }).then(
    ({ code }) => expect(code).not.toBe(constants.NGHTTP2_NO_ERROR),
  )
})

test('a preface that comes in pieces is HTTP/2 all the same, and nearly one is a bad request', async () => {
  const world = await createWorld([])
  const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
  const pieces = openWire(world.ingress.port, preface.slice(0, 3))
  for (const piece of [preface.slice(3, 20), preface.slice(20)]) {
    await new Promise(resolve => setImmediate(resolve))
    pieces.socket.write(piece)
  }
  // An empty SETTINGS frame.
  pieces.socket.write(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]))
  // The answer to it: a SETTINGS frame of the server, or its acknowledgement.
  await until('settings', () => pieces.text().charCodeAt(3) === 4)
  const wrong = openWire(world.ingress.port, 'PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n')
  await until('400', () => wrong.text().startsWith('HTTP/1.1 400'))
})
