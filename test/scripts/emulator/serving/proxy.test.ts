import { get, request as httpRequest, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { createWorld, service, until, type World } from './world.ts'

test('a function sees its own Host, the forwarding headers, and none of the hop', async () => {
  const world = await createWorld([service('orders')])
  const { json } = await send(world, {
    headers: {
      host: 'orders.test.localhost',
      'x-forwarded-for': '10.1.2.3',
      'x-forwarded-host': 'shop.test',
      'x-forwarded-proto': 'https',
      'knative-serving-revision': 'other',
      connection: 'x-private, keep-alive',
      'x-private': '1',
      te: 'trailers',
      'x-kept': 'yes',
    },
  })
  const headers = json.headers as Record<string, string>
  expect(headers).toMatchObject({
    host: 'orders.test.localhost',
    'x-forwarded-for': '10.1.2.3, 127.0.0.1',
    'x-forwarded-proto': 'https',
    forwarded: 'for=10.1.2.3;host=shop.test;proto=https, for=127.0.0.1',
    'k-proxy-request': 'activator',
    te: 'trailers',
    'x-kept': 'yes',
  })
  for (const name of ['x-private', 'knative-serving-revision']) {
    expect(headers).not.toHaveProperty(name)
  }
})

test('a Forwarded header of the client is left alone', async () => {
  const world = await createWorld([service('orders')])
  const { json } = await send(world, { headers: { host: 'orders.localhost', forwarded: 'for=_x' } })
  expect(json.headers).toMatchObject({ forwarded: 'for=_x' })
})

test('repeated response headers, status text and bodies of every framing pass unchanged', async () => {
  const world = await createWorld([service('orders')])
  const sized = await send(world, {
    method: 'PUT',
    headers: { 'content-length': '5' },
    body: 'hello',
  })
  expect(sized.json).toMatchObject({ method: 'PUT', body: 'hello' })
  expect(sized.message.headers['set-cookie']).toEqual(['a=1', 'b=2'])
  const chunked = await send(world, {
    method: 'POST',
    headers: { 'transfer-encoding': 'chunked' },
    body: 'in pieces',
  })
  expect(chunked.json).toMatchObject({ method: 'POST', body: 'in pieces' })
  const head = await send(world, { method: 'HEAD' })
  expect([head.message.statusCode, head.text]).toEqual([200, ''])
  const expecting = await send(world, {
    method: 'POST',
    headers: { expect: '100-continue', 'content-length': '2' },
    body: 'ok',
  })
  expect(expecting.json).toMatchObject({ body: 'ok' })
})

test('a stream reaches the client piece by piece, and counts as in flight until its end', async () => {
  const world = await createWorld([service('orders')])
  const message = await open(world, '/stream?ms=400')
  const pieces: string[] = []
  message.on('data', (chunk: Buffer) => pieces.push(chunk.toString('utf8')))
  await until('first piece', () => pieces.length > 0)
  expect(pieces).toEqual(['data: first\n\n'])
  expect(world.serving.status()[0]?.inFlight).toBe(1)
  await until('end', () => message.complete)
  expect(pieces.join('')).toBe('data: first\n\ndata: last\n\n')
  await until('no more in flight', () => world.serving.status()[0]?.inFlight === 0)
})

test('a stream that says nothing yet is open for its reader all the same', async () => {
  const world = await createWorld([service('orders')])
  const message = await open(world, '/quiet')
  expect(message.headers['content-type']).toBe('text/event-stream')
  message.destroy()
})

test('the function learns that its client left', async () => {
  const world = await createWorld([service('orders')])
  const message = await open(world, '/quiet')
  expect((await world.call('orders.localhost')).json.running).toBe(2)
  message.on('error', () => {})
  message.destroy()
  let running = 0
  for (let tries = 0; tries < 100 && running !== 1; tries++) {
    running = Number((await world.call('orders.localhost', '/?ms=5')).json.running)
  }
  expect(running).toBe(1)
})

test('a client that leaves frees its slot, also while it was held', async () => {
  const world = await createWorld([
    service('orders'),
    service('late', { vars: { START_MS: '60000' } }),
  ])
  await world.call('orders.localhost')
  for (const host of ['orders.localhost', 'late.localhost']) {
    const client = get({ port: world.ingress.port, path: '/hang', headers: { host } })
    client.on('error', () => {})
    const index = host.startsWith('late') ? 1 : 0
    await until('in flight', () => world.serving.status()[index]?.inFlight === 1)
    client.destroy()
    await until('freed', () => world.serving.status()[index]?.inFlight === 0)
    expect(world.serving.status()[index]?.queued).toBe(0)
  }
})

test('an answer that breaks off is broken for the client too, never silently short', async () => {
  const world = await createWorld([service('orders')])
  const message = await open(world, '/half')
  const ended = new Promise<string>(resolve => {
    message.on('error', () => resolve('broken'))
    message.on('end', () => resolve('complete'))
  })
  message.resume()
  expect(await ended).toBe('broken')
  expect((await world.call('orders.localhost', '/half')).status).toBe(502)
})

test('responseStartTimeoutSeconds ends a silent request, but not one that has begun to answer', async () => {
  const world = await createWorld([service('orders', { responseStartTimeoutSeconds: 1 })])
  await world.call('orders.localhost')
  const [silent, begun] = await Promise.all([
    send(world, { path: '/hang' }),
    send(world, { path: '/stream?ms=1400' }),
  ])
  expect([silent.message.statusCode, silent.text]).toEqual([504, 'activator request timeout'])
  expect(begun.text).toContain('data: last')
})

test('idleTimeoutSeconds ends a stream that went silent, with the text of it', async () => {
  const world = await createWorld([service('orders', { idleTimeoutSeconds: 1 })])
  await world.call('orders.localhost')
  const { message, text } = await send(world, { path: '/stream?ms=10000' })
  expect([message.statusCode, text]).toEqual([200, 'data: first\n\nactivator request timeout'])
})

test('a stream that keeps talking outlives idleTimeoutSeconds, but not timeoutSeconds', async () => {
  const world = await createWorld([
    service('orders', { idleTimeoutSeconds: 1, timeoutSeconds: 2, vars: { DRIP_MS: '200' } }),
  ])
  await world.call('orders.localhost')
  const { text } = await send(world, { path: '/drip' })
  expect(text).toMatch(/^(drip ){7,10}activator request timeout$/)
})

test('a timeout after the length was said breaks the answer off', async () => {
  const world = await createWorld([service('orders', { timeoutSeconds: 1 })])
  await expect(send(world, { path: '/half?ms=20000' })).rejects.toThrow('aborted')
})

test('a request that waits for a free slot gets 504 when its time is over, and leaves the queue', async () => {
  const world = await createWorld([
    service('orders', {
      containerConcurrency: 1,
      responseStartTimeoutSeconds: 1,
      annotations: { 'autoscaling.knative.dev/max-scale': '1' },
    }),
  ])
  await world.call('orders.localhost')
  const running = await open(world, '/quiet')
  const waiting = send(world, {})
  await until('queued', () => world.serving.status()[0]?.queued === 1)
  const { message, text } = await waiting
  expect([message.statusCode, text]).toEqual([504, 'activator request timeout'])
  expect(world.serving.status()[0]?.queued).toBe(0)
  running.destroy()
})

test('out of the path, the activator neither speaks nor shows itself', async () => {
  const annotations = { 'autoscaling.knative.dev/target-burst-capacity': '0' }
  const world = await createWorld([service('orders', { timeoutSeconds: 1, annotations })])
  const cold = await send(world, {})
  expect(cold.json.headers).toMatchObject({ 'k-proxy-request': 'activator' })
  await world.clock.advance(2_000)
  const warm = await send(world, {})
  expect(warm.json.headers).not.toHaveProperty('k-proxy-request')
  const late = await send(world, { path: '/hang' })
  expect([late.message.statusCode, late.text]).toEqual([504, 'request timeout'])
})

test('the time that a request was held for counts, and then the activator speaks', async () => {
  const world = await createWorld([
    service('orders', { responseStartTimeoutSeconds: 1, vars: { START_MS: '60000' } }),
  ])
  const { message, text } = await send(world, {})
  expect([message.statusCode, text]).toEqual([504, 'activator request timeout'])
})

test('a WebSocket-like upgrade passes through from zero, and is in flight until it closes', async () => {
  const world = await createWorld([service('orders')])
  const socket = connect(world.ingress.port, '127.0.0.1')
  socket.write(
    'GET /ws HTTP/1.1\r\nHost: orders.localhost\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n',
  )
  const seen = collect(socket)
  await until('switched', () => seen().includes('101 Switching Protocols'))
  socket.write('ping over the socket')
  await until('echo', () => seen().endsWith('ping over the socket'))
  expect(world.serving.status()[0]?.inFlight).toBe(1)
  socket.destroy()
  await until('closed', () => world.serving.status()[0]?.inFlight === 0)
})

test('an upgrade that the function declines is answered, and one for nobody gets 404', async () => {
  const world = await createWorld([service('orders')])
  const head = 'Connection: Upgrade\r\nUpgrade: echo\r\n\r\n'
  const declined = connect(world.ingress.port, '127.0.0.1')
  declined.write(`GET /refuse HTTP/1.1\r\nHost: orders.localhost\r\n${head}`)
  const answer = collect(declined)
  await until('403', () => answer().startsWith('HTTP/1.1 403') && answer().endsWith('no'))
  const nobody = connect(world.ingress.port, '127.0.0.1')
  nobody.write(`GET / HTTP/1.1\r\nHost: nobody.localhost\r\n${head}`)
  const missing = collect(nobody)
  await until('404', () => missing().startsWith('HTTP/1.1 404'))
  declined.destroy()
  nobody.destroy()
})

test('a client that would rather speak HTTP/2 is answered in HTTP/1.1', async () => {
  const world = await createWorld([service('orders')])
  const { message, json } = await send(world, {
    headers: {
      connection: 'Upgrade, HTTP2-Settings',
      upgrade: 'h2c',
      'http2-settings': 'AAMAAABk',
    },
  })
  expect(message.statusCode).toBe(200)
  expect(json.headers).not.toHaveProperty('upgrade')
  expect(json.headers).not.toHaveProperty('http2-settings')
})

test('a switched connection ends with the timeout of its revision, whatever it says', async () => {
  const world = await createWorld([service('orders', { timeoutSeconds: 1 })])
  const socket = await switched(world)
  const talk = setInterval(() => socket.write('still here'), 100)
  onTestFinished(() => clearInterval(talk))
  await until('closed', () => socket.destroyed)
  await until('freed', () => world.serving.status()[0]?.inFlight === 0)
})

test('a probe of the network is answered in the place of the function, and is no request of it', async () => {
  const annotations = { 'autoscaling.knative.dev/target-burst-capacity': '0' }
  const world = await createWorld([service('orders', { annotations })])
  const probe = async (value: string, more: Record<string, string> = {}) => {
    const { message, text } = await send(world, { headers: { 'k-network-probe': value, ...more } })
    return [message.statusCode, text]
  }
  expect(await probe('activator')).toEqual([200, 'activator'])
  expect(await probe('queue')).toEqual([400, 'unexpected probe header value: "queue"\n'])
  expect(world.serving.status()[0]).toMatchObject({ replicas: { starting: 0, ready: 0 } })
  await world.call('orders.localhost')
  await world.clock.advance(2_000)
  expect(await probe('queue')).toEqual([200, 'queue'])
  expect(await probe('activator')).toEqual([400, 'unexpected probe header value: "activator"\n'])
  expect(await probe('probe')).toEqual([
    400,
    'a probe request must contain a non-empty "K-Network-Hash" header\n',
  ])
  const hashed = await send(world, {
    headers: { 'k-network-probe': 'probe', 'k-network-hash': 'abc' },
  })
  expect([hashed.message.statusCode, hashed.message.headers['k-network-hash']]).toEqual([
    200,
    'abc',
  ])
  expect(world.serving.status()[0]?.requests).toBe(1)
})

test('an IPv6 address is quoted in Forwarded', async () => {
  const world = await createWorld([service('orders')])
  const { json } = await send(world, { headers: { 'x-forwarded-for': '2001:db8::1, [::2]' } })
  expect(json.headers).toMatchObject({
    forwarded: 'for="[2001:db8::1]";proto=http, for="[::2]", for=127.0.0.1',
  })
})

test('a large upload is streamed, and held back while the function does not read', async () => {
  const world = await createWorld([service('orders')])
  await world.call('orders.localhost')
  const client = httpRequest({
    port: world.ingress.port,
    host: '127.0.0.1',
    method: 'POST',
    path: '/slow-reader',
    headers: { host: 'orders.localhost' },
  })
  const answered = new Promise<IncomingMessage>(resolve => client.once('response', resolve))
  const chunk = Buffer.alloc(1 << 20)
  let written = 0
  while (written < 64 && client.write(chunk)) written++
  while (written < 64) {
    const drained = await Promise.race([
      new Promise(resolve => client.once('drain', () => resolve(true))),
      answered.then(() => false),
    ])
    if (!drained) break
    client.write(chunk)
    written++
  }
  expect(written).toBeLessThan(64)
  const message = await answered
  expect(message.statusCode).toBe(413)
  client.destroy()
})

interface Exchange {
  message: IncomingMessage
  text: string
  json: Record<string, unknown>
}

function send(
  world: World,
  options: { path?: string; method?: string; headers?: Record<string, string>; body?: string },
): Promise<Exchange> {
  const { path = '/', method = 'GET', headers = {}, body } = options
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
        const json = text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {}
        resolve({ message, text, json })
      })
    })
    client.end(body)
  })
}

function open(world: World, path: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(
      { port: world.ingress.port, host: '127.0.0.1', path, headers: { host: 'orders.localhost' } },
      resolve,
    ).on('error', reject)
  })
}

async function switched(world: World): Promise<Socket> {
  const socket = connect(world.ingress.port, '127.0.0.1')
  const seen = collect(socket)
  socket.write(
    'GET /ws HTTP/1.1\r\nHost: orders.localhost\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n',
  )
  await until('switched', () => seen().includes('101 Switching Protocols'))
  return socket
}

function collect(socket: Socket): () => string {
  let text = ''
  socket.on('error', () => {})
  socket.on('data', chunk => {
    text += chunk.toString('utf8')
  })
  return () => text
}
