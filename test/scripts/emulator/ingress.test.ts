import { createServer, request as httpRequest, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { createIngress, PortInUseError } from '../../../scripts/emulator/ingress.ts'
import { createLog } from '../../../scripts/emulator/log.ts'
import { openWire } from '../../fixtures/wire.ts'
import { createWorld, service, until } from './serving/world.ts'

const log = createLog({ write: () => {} })

test('an unknown host gets 404 in plain words, and names no function', async () => {
  const world = await createWorld([service('orders')])
  const { status, text } = await raw(world.ingress.port, { host: 'nobody.localhost' })
  expect(status).toBe(404)
  expect(text).toBe('nothing answers for host "nobody.localhost"')
})

test('a forward-proxy request in absolute form reaches the function whatever its Host header says', async () => {
  const world = await createWorld([service('memory')])
  const { status, text } = await raw(world.ingress.port, {
    path: 'http://memory.test.svc.cluster.local/x?y=1',
    host: 'something.else',
  })
  expect(status).toBe(200)
  expect(JSON.parse(text)).toMatchObject({
    url: '/x?y=1',
    headers: { host: 'memory.test.svc.cluster.local' },
  })
})

test('CONNECT to a cluster host speaks HTTP with the function, several times on one tunnel', async () => {
  const world = await createWorld([service('memory')])
  const { socket, text } = openWire(
    world.ingress.port,
    'CONNECT memory.test.svc.cluster.local:80 HTTP/1.1\r\nHost: memory:80\r\n\r\n',
  )
  await until('tunnel', () => text().includes('200 Connection Established'))
  for (const path of ['/first', '/second']) {
    socket.write(`GET ${path} HTTP/1.1\r\nHost: memory.test.svc.cluster.local:80\r\n\r\n`)
    await until(path, () => text().includes(`"url":"${path}"`))
  }
})

test("a function's own fetch reaches another function by its cluster name, with no code of ours in it", async () => {
  const world = await createWorld([service('caller', { script: 'caller' }), service('memory')])
  const target = 'http://memory.test.svc.cluster.local/from-caller'
  const answer = await world.call('caller.localhost', `/?url=${encodeURIComponent(target)}`)
  expect(answer.json).toMatchObject({ status: 200, body: { url: '/from-caller' } })
})

test('absolute form and CONNECT reach servers outside, and an unreachable one gives 502', async () => {
  const world = await createWorld([])
  const outside = await startOutside()
  const port = (outside.address() as AddressInfo).port
  const plain = await raw(world.ingress.port, { path: `http://127.0.0.1:${port}/abs` })
  expect([plain.status, plain.text]).toEqual([200, 'outside /abs'])
  const refused = await raw(world.ingress.port, { path: 'http://127.0.0.1:1/x' })
  expect([refused.status, refused.text]).toEqual([502, 'cannot reach 127.0.0.1:1 (ECONNREFUSED)'])

  const { socket, text } = openWire(
    world.ingress.port,
    `CONNECT 127.0.0.1:${port} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`,
  )
  await until('tunnel', () => text().includes('200 Connection Established'))
  socket.write('GET /tunnel HTTP/1.1\r\nHost: x\r\n\r\n')
  await until('answer', () => text().endsWith('outside /tunnel'))
})

test('a body in chunks keeps its frame on the way outside, whatever the method', async () => {
  const world = await createWorld([])
  const outside = await startOutside()
  const { port } = outside.address() as AddressInfo
  const seen: string[] = []
  outside.on('request', request => {
    seen.push(`${request.method} ${request.url} ${request.headers['transfer-encoding']}`)
  })
  const inner = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n'
  const { text } = openWire(
    world.ingress.port,
    `GET http://127.0.0.1:${port}/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n` +
      `${inner.length.toString(16)}\r\n${inner}\r\n0\r\n\r\n`,
  )
  await until('answer', () => text().endsWith('outside /a'))
  const next = await raw(world.ingress.port, { path: `http://127.0.0.1:${port}/b` })
  expect(next.text).toBe('outside /b')
  expect(seen).toEqual(['GET /a chunked', 'GET /b undefined'])
})

test('a cluster name that nobody has is answered here, never asked for outside', async () => {
  const world = await createWorld([])
  const path = 'http://ghost.test.svc.cluster.local/'
  expect((await raw(world.ingress.port, { path })).status).toBe(404)
  const sent = await world.call('ghost.test.svc.cluster.local')
  expect(sent.status).toBe(404)
})

test('send reaches a handler without a sender through the ingress itself', async () => {
  const ingress = await createIngress({
    port: 0,
    log,
    domain: 'localhost',
    handlers: [
      (host, request, response) => {
        if (!host.startsWith('broker.localhost')) return false
        request.pipe(response)
        return true
      },
    ],
  })
  onTestFinished(() => ingress.close())
  const answer = await ingress.send({
    url: 'http://broker.localhost:8080/default',
    method: 'POST',
    headers: {},
    body: Buffer.from('event'),
  })
  expect(Buffer.from(answer.body).toString()).toBe('event')
})

test('send rejects with the reason of its signal', async () => {
  const world = await createWorld([service('orders')])
  const reason = new Error('enough')
  const controller = new AbortController()
  const sent = world.ingress.send({
    url: 'http://orders.localhost/hang',
    method: 'GET',
    headers: {},
    signal: controller.signal,
  })
  await until('in flight', () => world.serving.status()[0]?.inFlight === 1)
  controller.abort(reason)
  await expect(sent).rejects.toBe(reason)
  expect(world.serving.status()[0]?.inFlight).toBe(0)
})

test('a handler that throws gives an opaque 500 and a log line', async () => {
  const lines: string[] = []
  const ingress = await createIngress({
    port: 0,
    log: createLog({ write: line => void lines.push(line) }),
    handlers: [
      () => {
        throw new Error('secret detail')
      },
    ],
  })
  onTestFinished(() => ingress.close())
  const { status, text } = await raw(ingress.port, {})
  expect([status, text]).toEqual([500, 'internal error'])
  expect(lines.join('\n')).toContain('secret detail')
})

test('a busy port is a clear error with its code', async () => {
  const first = await createIngress({ port: 0, handlers: [], log })
  onTestFinished(() => first.close())
  const second = createIngress({ port: first.port, handlers: [], log })
  await expect(second).rejects.toThrow(PortInUseError)
  await expect(second).rejects.toMatchObject({
    code: 'EADDRINUSE',
    message: `port ${first.port} is in use: choose another with --port`,
  })
})

test('an address that is not loopback is refused unless allowed', async () => {
  await expect(createIngress({ port: 0, host: '0.0.0.0', handlers: [], log })).rejects.toThrow(
    '"host" must be a loopback address, got 0.0.0.0',
  )
  const open = await createIngress({
    port: 0,
    host: '0.0.0.0',
    allowRemote: true,
    handlers: [],
    log,
  })
  await open.close()
})

test('close frees the port at once, with connections open', async () => {
  const ingress = await createIngress({ port: 0, handlers: [() => true], log })
  const { socket } = openWire(ingress.port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  await new Promise(resolve => socket.once('connect', resolve))
  await Promise.all([ingress.close(), ingress.close()])
  const again = await createIngress({ port: ingress.port, handlers: [], log })
  await again.close()
})

function raw(
  port: number,
  { path = '/', host = 'x' }: { path?: string; host?: string },
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    httpRequest({ port, host: '127.0.0.1', path, headers: { host } }, response => {
      let text = ''
      response.on('data', chunk => {
        text += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
    })
      .on('error', reject)
      .end()
  })
}

async function startOutside(): Promise<Server> {
  const server = createServer((request, response) => {
    response.setHeader('content-length', Buffer.byteLength(`outside ${request.url}`))
    response.end(`outside ${request.url}`)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return server
}
