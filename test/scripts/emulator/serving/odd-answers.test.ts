/** Functions that answer what no server should: the client is told, and the emulator goes on. */
import { expect, test } from 'vitest'
import { ask } from '../../../bench/processes.ts'
import { ODD_ANSWERS } from '../../../fixtures/odd-answers.ts'
import { openWire } from '../../../fixtures/wire.ts'
import { createWorld, service, until, type World } from './world.ts'

/** Speaks no HTTP of its own: answers what its path says, byte for byte. */
const RAW = `require('node:net').createServer(socket => {
  socket.on('error', () => {})
  socket.once('data', data => {
    const path = /^\\w+ \\/(\\S*)/.exec(data.toString('latin1'))?.[1] ?? ''
    socket.end(Buffer.from(decodeURIComponent(path), 'latin1'))
  })
}).listen(Number(process.env.PORT), '127.0.0.1')`

const rawWorld = (): Promise<World> =>
  createWorld([service('odd')], {
    resolveCommand: async () => ({ command: process.execPath, args: ['-e', RAW], cwd: '/' }),
  })

const at = (answer: string): string => `/${encodeURIComponent(answer)}`

test('no head of an answer ends the emulator', async () => {
  const world = await rawWorld()
  const headers = { host: 'odd.localhost' }
  for (const [method, answer, status] of [
    ...ODD_ANSWERS.map(([, answer, status]) => ['GET', answer, status] as const),
    ['HEAD', 'HTTP/1.1 200 OK\r\ntrailer: x\r\ncontent-length: 2\r\n\r\n', 200],
    // A length and chunks, two lengths, a length that is none: what one reader takes for the end, another does not.
    [
      'GET',
      'HTTP/1.1 200 OK\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      502,
    ],
    ['GET', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok!', 502],
    ['GET', 'HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n', 502],
    ['GET', 'HTTP/1.1 200 OK\r\nno header\r\n\r\n', 502],
    ['GET', `HTTP/1.1 200 OK\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`, 502],
    ['GET', 'HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n', 302],
    ['GET', 'HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n<html>', 200],
  ] as const) {
    const request = { method, path: at(answer), headers }
    const got = await ask(world.ingress.port, request).catch(String)
    expect([method, answer, got]).toEqual([method, answer, status])
  }
})

test.each([
  ['chunks that are none', 'transfer-encoding: chunked\r\n\r\nzz\r\nhello\r\n'],
  ['fewer bytes than said', 'content-length: 100\r\n\r\nhello'],
])('an answer with %s is broken for the client, and 502 inside', async (_, rest) => {
  const world = await rawWorld()
  const answer = at(`HTTP/1.1 200 OK\r\n${rest}`)
  const { text, closed } = openWire(
    world.ingress.port,
    `GET ${answer} HTTP/1.1\r\nHost: odd.localhost\r\n\r\n`,
  )
  await until('closed', closed)
  expect(text()).not.toMatch(/\r\n0\r\n\r\n$/)
  expect((await world.call('odd.localhost', answer)).status).toBe(502)
})

test('a second answer behind the first reaches nobody', async () => {
  const world = await rawWorld()
  const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'
  const evil = 'HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil'
  for (let round = 0; round < 5; round++) {
    expect((await world.call('odd.localhost', at(ok + evil))).text).not.toContain('evil')
    expect((await world.call('odd.localhost', at(ok))).text).toBe('ok')
  }
})

test('a request that announces trailers is passed on without them', async () => {
  const world = await createWorld([service('orders')])
  const { socket, text } = openWire(
    world.ingress.port,
    'GET /x HTTP/1.1\r\nHost: orders.localhost\r\nTrailer: x\r\n\r\n',
  )
  await until('answered', () => text().includes('200 OK') && text().includes('"url":"/x"'))
  socket.write(
    'GET /ws HTTP/1.1\r\nHost: orders.localhost\r\nTrailer: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n',
  )
  await until('switched', () => text().includes('101 Switching Protocols'))
})

test('an answer inside the emulator is cut off at a limit, and its connection with it', async () => {
  const endless = `require('node:http').createServer((request, response) => {
    response.on('close', () => console.log('let go'))
    const more = () => { while (!response.destroyed && response.write(Buffer.alloc(65536))); }
    response.on('drain', more)
    more()
  }).listen(Number(process.env.PORT), '127.0.0.1')`
  const world = await createWorld([service('endless')], {
    resolveCommand: async () => ({ command: process.execPath, args: ['-e', endless], cwd: '/' }),
  })
  const { status, text } = await world.call('endless.localhost')
  expect([status, text]).toEqual([502, 'the answer has more than 4194304 bytes'])
  await until('let go', () => world.lines.some(line => line.includes('let go')))
})

test('a request inside the emulator that is none gets a 502', async () => {
  const world = await createWorld([service('orders')])
  const url = 'http://orders.localhost/'
  const sent = world.ingress.send({ url, method: 'GET', headers: { 'x-odd': 'a\nb' } })
  expect((await sent).status).toBe(502)
  expect((await world.call('orders.localhost')).status).toBe(200)
})
