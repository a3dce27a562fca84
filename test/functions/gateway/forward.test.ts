import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { createForward } from '../../../functions/gateway/forward.ts'
import { createRoutingTable, type Route } from '../../../functions/gateway/routing-table.ts'
import { AppError } from '../../../shared/errors.ts'
import { createLog } from '../../../shared/log.ts'
import { until } from '../../fixtures/until.ts'

const servers: Server[] = []

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

function listen(server: Server): Promise<number> {
  servers.push(server)
  return new Promise(resolve =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)),
  )
}

/** A door that forwards every request to `upstream` and writes down how it went. */
async function openDoor(upstream: Server, timeoutMs: number) {
  const proxy = `http://127.0.0.1:${await listen(upstream)}`
  const log = createLog({ service: 'gateway', write: () => {} })
  const forward = createForward({ domain: 'example', proxy, log })
  const refresh = createRoutingTable().find(({ operation }) => operation === 'refresh')
  const route = { ...refresh, timeoutMs } as Route
  const ends: string[] = []
  const word = (text: string) => () => void ends.push(text)
  const door = createServer((incoming, outgoing) => {
    const length = incoming.headers['content-length'] ?? '0'
    forward({
      route,
      target: route.path,
      headers: ['content-length', length],
      incoming,
      outgoing,
      permit: { succeed: word('succeed'), fail: word('fail'), release: word('release') },
      answerHeaders: () => [],
    }).catch(error => {
      const status = error instanceof AppError ? error.status : 500
      outgoing.writeHead(status).end(error instanceof AppError ? error.code : String(error))
    })
  })
  return { port: await listen(door), ends }
}

/** Sends `parts` of a body of `length` bytes, each after the time before it. */
function send(port: number, length: number, parts: [waitMs: number, part: Buffer][]) {
  return new Promise<string>((resolve, reject) => {
    const headers = { 'content-length': length }
    const asking = request({ port, host: '127.0.0.1', method: 'POST', headers }, answer => {
      let text = `${answer.statusCode} `
      answer.on('data', chunk => {
        text += chunk
      })
      answer.on('end', () => {
        resolve(text)
        asking.destroy()
      })
    })
    asking.on('error', reject)
    asking.flushHeaders()
    let at = 0
    for (const [waitMs, part] of parts) {
      at += waitMs
      setTimeout(() => asking.write(part), at)
    }
  })
}

const silent = (): Server => createServer(incoming => void incoming.resume())

test('a client that owes its body is late itself: nothing is said against the function', async () => {
  const { port, ends } = await openDoor(silent(), 100)
  expect(await send(port, 10, [])).toBe('408 request_timeout')
  expect(await send(port, 10, [[0, Buffer.from('half')]])).toBe('408 request_timeout')
  expect(ends).toEqual(['release', 'release'])
})

test('a function that has the whole body and does not answer is late', async () => {
  const { port, ends } = await openDoor(silent(), 100)
  expect(await send(port, 4, [[0, Buffer.from('body')]])).toBe('504 upstream_timeout')
  expect(ends).toEqual(['fail'])
})

test('a function that does not take the body is late', async () => {
  const { port, ends } = await openDoor(
    createServer(() => {}),
    300,
  )
  const size = 32 * 1024 * 1024
  expect(await send(port, size, [[0, Buffer.alloc(size)]])).toBe('504 upstream_timeout')
  await until(() => ends.length > 0)
  expect(ends).toEqual(['fail'])
})

test("the function's time begins when it has the whole body", async () => {
  const upstream = createServer((incoming, outgoing) => {
    incoming.resume()
    incoming.on('end', () => setTimeout(() => outgoing.end('done'), 700))
  })
  const { port, ends } = await openDoor(upstream, 1_000)
  const parts: [number, Buffer][] = [
    [0, Buffer.from('bo')],
    [700, Buffer.from('dy')],
  ]
  expect(await send(port, 4, parts)).toBe('200 done')
  expect(ends).toEqual(['succeed'])
})
