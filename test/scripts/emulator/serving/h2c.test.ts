/** Functions that speak HTTP/2 on their port, as gRPC does. */
import { constants } from 'node:http2'
import { expect, test } from 'vitest'
import { askToSwitch } from './http-client.ts'
import { exchange, follow, grpcWorld, http1, open } from './http2-client.ts'
import { createWorld, service, until } from './world.ts'

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
  const { text } = askToSwitch(world, '/', 'grpc.localhost')
  await until('answered', () => text().startsWith('HTTP/1.1 502'))
})
