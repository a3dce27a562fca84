/** Servers that answer what no server should: the client is told, the process lives. */
import { createServer as createTcpServer, type Server } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createIngress, type Ingress } from '../../../scripts/emulator/ingress.ts'
import { createLog } from '../../../scripts/emulator/log.ts'
import { closeServer, listen } from '../../../scripts/emulator/stores/listen.ts'
import { ask } from '../../bench/processes.ts'
import { ODD_ANSWERS } from '../../fixtures/odd-answers.ts'

let upstream: Server
let ingress: Ingress
let text = ''

beforeEach(async () => {
  upstream = createTcpServer(socket => {
    socket.on('error', () => {})
    socket.once('data', () => socket.end(text))
  })
  ingress = await createIngress({ port: 0, handlers: [], log: createLog({ write: () => {} }) })
})

afterEach(async () => {
  await ingress.close()
  await closeServer(upstream)
})

test.each(ODD_ANSWERS)('%s', async (_, answer, status) => {
  text = answer
  const port = await listen(upstream)
  const target = `http://127.0.0.1:${port}/`
  const request = { method: 'GET', path: target, headers: { host: `127.0.0.1:${port}` } }
  expect(await ask(ingress.port, request)).toBe(status)
  expect(await ask(ingress.port, { method: 'GET', path: '/' })).toBe(404)
})

test('a request that cannot be sent on is refused', async () => {
  text = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'
  const port = await listen(upstream)
  const headers = { host: `127.0.0.1:${port}`, trailer: 'x' }
  const path = `http://127.0.0.1:${port}/`
  expect(
    await ask(ingress.port, {
      method: 'POST',
      path,
      headers: { ...headers, 'transfer-encoding': 'chunked' },
      body: 'x',
    }),
  ).toBe(200)
  expect(await ask(ingress.port, { method: 'GET', path: '/' })).toBe(404)
})
