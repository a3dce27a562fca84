/** Connections to a function of h2c: shared, kept, broken and left. */
import { constants } from 'node:http2'
import { expect, test } from 'vitest'
import { exchange, follow, grpcWorld, http1, open } from './http2-client.ts'
import { createWorld, isAlive, service, until } from './world.ts'

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

test('a kept connection does not hold up the end of the process', async () => {
  const world = await grpcWorld()
  const { json } = await world.call('grpc.localhost')
  await world.clock.advance(130_000)
  await until('no process', () => !isAlive(Number(json.pid)))
})
