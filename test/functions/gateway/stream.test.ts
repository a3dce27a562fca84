/** Streams and bodies through the gateway: one by one, cut, too large, abandoned. */
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import { until } from '../../fixtures/until.ts'
import { openWire } from '../../fixtures/wire.ts'
import { JSON_TYPE, MEMORIES, useGateway } from './use-gateway.ts'

const gateway = useGateway()

const STREAM = '/api/v1/inference/chat/stream'

test('events of a stream arrive one by one, as they are sent', async () => {
  let stream: ServerResponse | undefined
  gateway.upstream.handle = (_, outgoing) => {
    outgoing.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    stream = outgoing
  }
  const heard: string[] = []
  let ended = false
  const asking = await gateway.begin(STREAM, 'POST', incoming => {
    incoming.on('data', chunk => heard.push(String(chunk)))
    incoming.on('end', () => {
      ended = true
    })
  })
  asking.end('{}')
  await until(() => stream !== undefined)
  for (const word of ['one', 'two', 'three']) {
    stream?.write(`data: ${word}\n\n`)
    // The next event is only sent when this one has come through.
    await until(() => heard.join('').includes(word))
  }
  stream?.end()
  await until(() => ended)
  expect(heard.join('')).toBe('data: one\n\ndata: two\n\ndata: three\n\n')
})

test('a client that leaves ends the call behind the gateway', async () => {
  let closed = false
  let reached = false
  gateway.upstream.handle = (_, outgoing) => {
    reached = true
    outgoing.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    outgoing.on('close', () => {
      closed = true
    })
  }
  const asking = await gateway.begin(STREAM, 'POST', incoming => incoming.on('error', () => {}))
  asking.end('{}')
  await until(() => reached)
  asking.destroy()
  await until(() => closed)
})

test('a client that leaves before the answer ends the call too, and is no failure of the function', async () => {
  for (let i = 0; i < 6; i += 1) {
    let closed = false
    let reached = false
    gateway.upstream.handle = (_, outgoing) => {
      reached = true
      outgoing.on('close', () => {
        closed = true
      })
    }
    const asking = await gateway.begin(MEMORIES, 'GET')
    asking.end()
    await until(() => reached)
    asking.destroy()
    await until(() => closed)
  }
  gateway.reset()
  expect((await gateway.ask(MEMORIES, { as: 'user' })).status).toBe(200)
})

test('an answer that is cut is cut for the client, never ended as if it were whole', async () => {
  gateway.upstream.handle = (_, outgoing) => {
    outgoing.writeHead(200, { ...JSON_TYPE, 'content-length': '1000' }).write('{"half":')
    setTimeout(() => outgoing.destroy(), 20)
  }
  await expect(gateway.ask(MEMORIES, { as: 'user' })).rejects.toThrow(/aborted|socket hang up/)
})

test('a body that says it is too large is refused before it is read', async () => {
  const before = gateway.upstream.seen.length
  const answer = await gateway.ask(MEMORIES, {
    as: 'user',
    method: 'POST',
    headers: JSON_TYPE,
    body: new Uint8Array(1024 * 1024 + 1),
  })
  expect([answer.status, answer.json().error?.code]).toEqual([413, 'payload_too_large'])
  expect(answer.json().error?.details.max_bytes).toBe(1024 * 1024)
  expect(gateway.upstream.seen).toHaveLength(before)
})

test('a body of unknown length is cut off at the limit', async () => {
  const before = gateway.upstream.seen.length
  const asking = await gateway.begin(MEMORIES, 'POST')
  const answered = once(asking, 'response')
  for (let i = 0; i < 20; i += 1) asking.write(Buffer.alloc(64 * 1024))
  asking.end()
  const [incoming] = await answered
  incoming.resume()
  expect(incoming.statusCode).toBe(413)
  expect(gateway.upstream.seen).toHaveLength(before)
})

test('a body of unknown length within the limit arrives whole', async () => {
  const part = 'x'.repeat(10_000)
  const asking = await gateway.begin(MEMORIES, 'POST')
  const answered = once(asking, 'response')
  for (let i = 0; i < 5; i += 1) asking.write(part)
  asking.end()
  const [incoming] = await answered
  await once(incoming.resume(), 'end')
  expect(gateway.upstream.seen.at(-1)?.body).toBe(part.repeat(5))
})

test('a length and chunks together are refused (RFC 9112 6.1)', async () => {
  const before = gateway.upstream.seen.length
  const wire = openWire(
    gateway.port,
    `POST ${MEMORIES} HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  )
  await until(wire.closed)
  expect(wire.text()).toMatch(/^HTTP\/1.1 400 /)
  expect(gateway.upstream.seen).toHaveLength(before)
})
