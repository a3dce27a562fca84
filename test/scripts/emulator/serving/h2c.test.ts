import { request as httpRequest } from 'node:http'
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2'
import { connect as connectTcp } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { createWorld, isAlive, service, until, type World } from './world.ts'

const grpcWorld = (): Promise<World> =>
  createWorld([service('grpc', { script: 'h2c', portName: 'h2c' })])

test('an h2c function answers HTTP/1.1 clients from zero, and sees their host and headers', async () => {
  const world = await grpcWorld()
  const { status, headers, text } = await http1(world, {
    method: 'PUT',
    headers: { host: 'grpc.test.localhost', 'x-kept': 'yes', connection: 'x-hop', 'x-hop': '1' },
    body: 'hello',
  })
  expect(status).toBe(200)
  expect(headers['set-cookie']).toEqual(['a=1', 'b=2'])
  const seen = JSON.parse(text)
  expect(seen).toMatchObject({
    body: 'hello',
    headers: {
      ':method': 'PUT',
      ':path': '/',
      ':authority': 'grpc.test.localhost',
      'x-kept': 'yes',
      'x-forwarded-proto': 'http',
      forwarded: 'for=127.0.0.1;proto=http',
    },
  })
  expect(seen.headers).not.toHaveProperty('x-hop')
  const again = await http1(world, { path: '/again' })
  expect(JSON.parse(again.text)).toMatchObject({ sessions: 1 })
})

test('an h2c function is delivered to inside the emulator', async () => {
  const world = await grpcWorld()
  const answer = await world.call('grpc.test.svc.cluster.local', '/a?b=1', 'an event')
  expect(answer.json).toMatchObject({ body: 'an event', headers: { ':path': '/a?b=1' } })
  expect(answer.headers['set-cookie']).toBe('a=1, b=2')
  expect((await world.call('grpc.localhost', '/half')).status).toBe(502)
  expect((await world.call('grpc.localhost', '/')).status).toBe(200)
})

test('a unary gRPC call passes with its trailers, both ways over HTTP/2', async () => {
  const world = await grpcWorld()
  const session = open(world)
  const call = await exchange(session, {
    headers: { ':path': '/echo', te: 'trailers', 'content-type': 'application/grpc' },
    body: 'one message',
  })
  expect(call).toMatchObject({
    headers: { ':status': 200, 'content-type': 'application/grpc' },
    text: 'one message',
    trailers: { 'grpc-status': '0', 'grpc-message': 'done' },
  })
})

test('a gRPC stream goes both ways at once, message by message', async () => {
  const world = await grpcWorld()
  const stream = open(world).request({
    ':method': 'POST',
    ':path': '/echo',
    ':authority': 'grpc.localhost',
    te: 'trailers',
  })
  const seen = follow(stream)
  for (const message of ['first', 'second', 'third']) {
    stream.write(message)
    await until(message, () => seen.text.endsWith(message))
  }
  expect(world.serving.status()[0]?.inFlight).toBe(1)
  stream.end()
  await until('trailers', () => seen.trailers !== undefined)
  expect(seen.trailers).toMatchObject({ 'grpc-status': '0' })
  await until('ended', () => world.serving.status()[0]?.inFlight === 0)
})

test('a trailers-only answer stays one, for clients take anything else as lost trailers', async () => {
  const world = await grpcWorld()
  const call = await exchange(open(world), { headers: { ':path': '/refused' }, body: 'x' })
  expect(call.headers).toMatchObject({ ':status': 200, 'grpc-status': '12' })
  expect([call.text, call.endedWithHead]).toEqual(['', true])
})

test('trailers reach a client of HTTP/1.1', async () => {
  const world = await grpcWorld()
  const { text, trailers } = await http1(world, { method: 'POST', path: '/echo', body: 'x' })
  expect(text).toBe('x')
  expect(trailers).toEqual({ 'grpc-status': '0', 'grpc-message': 'done' })
})

test('after GOAWAY another connection is made', async () => {
  const world = await grpcWorld()
  expect((await world.call('grpc.localhost', '/goaway')).text).toBe('bye')
  const answer = await world.call('grpc.localhost')
  expect(answer.json).toMatchObject({ sessions: 2 })
})

test.each(['/half', '/drop'])(
  'an answer that breaks off is broken for the client too: %s',
  async path => {
    const world = await grpcWorld()
    const stream = open(world).request({ ':path': path, ':authority': 'grpc.localhost' })
    const seen = follow(stream)
    await until('closed', () => seen.closed)
    expect(seen.text).toBe('half')
    expect(stream.rstCode).not.toBe(constants.NGHTTP2_NO_ERROR)
    await expect(http1(world, { path })).rejects.toThrow()
  },
)

test.each(['HEAD', 'GET'])('an answer without a body has none for any client: %s', async method => {
  const world = await grpcWorld()
  const path = method === 'HEAD' ? '/' : '/nothing'
  const status = method === 'HEAD' ? 200 : 204
  const plain = await http1(world, { path, method })
  expect([plain.status, plain.text]).toEqual([status, ''])
  const streamed = await exchange(open(world), { headers: { ':method': method, ':path': path } })
  expect([streamed.headers[':status'], streamed.text, streamed.code]).toEqual([status, '', 0])
  const inside = await world.ingress.send({
    url: `http://grpc.localhost${path}`,
    method,
    headers: {},
  })
  expect([inside.status, inside.body.byteLength]).toEqual([status, 0])
})

test('many streams at once share connections', async () => {
  const world = await grpcWorld()
  const answers = await Promise.all(Array.from({ length: 50 }, () => world.call('grpc.localhost')))
  expect(answers.every(({ status }) => status === 200)).toBe(true)
  expect(Math.max(...answers.map(({ json }) => Number(json.sessions)))).toBe(1)
})

test('a process that dies under its streams gives 502', async () => {
  const world = await grpcWorld()
  const answers = await Promise.all([
    world.call('grpc.localhost', '/hang'),
    exchange(open(world), { headers: { ':path': '/hang' } }),
    http1(world, { path: '/hang' }),
    until('in flight', () => world.serving.status()[0]?.inFlight === 3).then(() =>
      world.call('grpc.localhost', '/exit'),
    ),
  ])
  expect([answers[0].status, answers[1].headers[':status'], answers[2].status]).toEqual([
    502, 502, 502,
  ])
})

test('a client that leaves frees its stream', async () => {
  const world = await grpcWorld()
  await world.call('grpc.localhost')
  const stream = open(world).request({ ':path': '/hang', ':authority': 'grpc.localhost' })
  stream.on('error', () => {})
  await until('in flight', () => world.serving.status()[0]?.inFlight === 1)
  stream.close(constants.NGHTTP2_CANCEL)
  await until('freed', () => world.serving.status()[0]?.inFlight === 0)
})

test.each([
  ['h2c', 'h2c'],
  ['hello', 'http1'],
] as const)('half an upload is never taken for a whole one: %s', async (script, portName) => {
  const world = await createWorld([service('grpc', { script, portName })])
  for (const reset of [true, false]) {
    const session = open(world)
    const stream = session.request({
      ':method': 'POST',
      ':path': '/whole',
      ':authority': 'grpc.localhost',
    })
    stream.on('error', () => {})
    stream.write('half')
    const count = (text: string): number => world.lines.filter(line => line.endsWith(text)).length
    const before = count('lost its client')
    await until('begun', () => count('began') === before + 1)
    if (reset) stream.destroy(new Error('no more'))
    else session.destroy()
    await until('lost', () => count('lost its client') === before + 1)
    expect(count('took a whole body')).toBe(0)
  }
})

test('each stream counts for containerConcurrency', async () => {
  const world = await createWorld([
    service('grpc', {
      script: 'h2c',
      portName: 'h2c',
      containerConcurrency: 1,
      annotations: { 'autoscaling.knative.dev/max-scale': '1' },
    }),
  ])
  const session = open(world)
  await exchange(session, {})
  const running = session.request({ ':path': '/hang', ':authority': 'grpc.localhost' })
  running.on('error', () => {})
  await until('running', () => world.serving.status()[0]?.inFlight === 1)
  const waiting = exchange(session, {})
  await until('waiting', () => world.serving.status()[0]?.queued === 1)
  running.close(constants.NGHTTP2_CANCEL)
  expect((await waiting).headers[':status']).toBe(200)
})

test('a protocol switch cannot pass an h2c port', async () => {
  const world = await grpcWorld()
  const socket = connectTcp(world.ingress.port, '127.0.0.1')
  let text = ''
  socket.on('data', chunk => {
    text += chunk
  })
  socket.write(
    'GET / HTTP/1.1\r\nHost: grpc.localhost\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n',
  )
  await until('answered', () => text.startsWith('HTTP/1.1 502'))
  socket.destroy()
})

test('a kept connection does not hold up the end of the process', async () => {
  const world = await grpcWorld()
  const { json } = await world.call('grpc.localhost')
  await world.clock.advance(130_000)
  await until('no process', () => !isAlive(Number(json.pid)))
})

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
  const pieces = connectTcp(world.ingress.port, '127.0.0.1')
  let answered = false
  pieces.on('data', () => {
    answered = true
  })
  const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
  for (const piece of [preface.slice(0, 3), preface.slice(3, 20), preface.slice(20)]) {
    pieces.write(piece)
    await new Promise(resolve => setImmediate(resolve))
  }
  // An empty SETTINGS frame.
  pieces.write(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]))
  await until('settings', () => answered)
  pieces.destroy()
  const wrong = connectTcp(world.ingress.port, '127.0.0.1')
  let text = ''
  wrong.on('data', chunk => {
    text += chunk
  })
  wrong.write('PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n')
  await until('400', () => text.startsWith('HTTP/1.1 400'))
  wrong.destroy()
})

interface Seen {
  headers: IncomingHttpHeaders & { ':status'?: number }
  text: string
  trailers: IncomingHttpHeaders | undefined
  endedWithHead: boolean
  closed: boolean
  code: number | undefined
}

function open(world: World): ClientHttp2Session {
  const session = connect(world.ingress.url)
  session.on('error', () => {})
  onTestFinished(() => session.destroy())
  return session
}

function follow(stream: ClientHttp2Stream): Seen {
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

async function exchange(
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

function http1(
  world: World,
  {
    path = '/',
    method = 'GET',
    headers = {},
    body,
  }: { path?: string; method?: string; headers?: OutgoingHttpHeaders; body?: string },
): Promise<{
  status: number | undefined
  headers: IncomingHttpHeaders
  text: string
  trailers: NodeJS.Dict<string>
}> {
  return new Promise((resolve, reject) => {
    const client = httpRequest({
      port: world.ingress.port,
      host: '127.0.0.1',
      path,
      method,
      headers: { host: 'grpc.localhost', ...headers },
    })
    client.on('error', reject)
    client.once('response', message => {
      let text = ''
      message.on('data', chunk => {
        text += chunk
      })
      message.on('error', reject)
      message.on('end', () => {
        const { statusCode: status, headers: got, trailers } = message
        resolve({ status, headers: got, text, trailers })
      })
    })
    client.end(body)
  })
}
