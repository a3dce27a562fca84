/** Bodies and streams on their way to a function and back, and clients that leave. */
import { get, request as httpRequest, type IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { open, send } from './http-client.ts'
import { createWorld, service, until } from './world.ts'

test('repeated response headers, status text and bodies of every framing pass unchanged', async () => {
  const world = await createWorld([service('orders')])
  const sized = await send(world, {
    method: 'PUT',
    headers: { 'content-length': '5' },
    body: 'hello',
  })
  expect(sized.json).toMatchObject({ method: 'PUT', body: 'hello' })
  expect(sized.headers['set-cookie']).toEqual(['a=1', 'b=2'])
  const chunked = await send(world, {
    method: 'POST',
    headers: { 'transfer-encoding': 'chunked' },
    body: 'in pieces',
  })
  expect(chunked.json).toMatchObject({ method: 'POST', body: 'in pieces' })
  const head = await send(world, { method: 'HEAD' })
  expect([head.status, head.text]).toEqual([200, ''])
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
