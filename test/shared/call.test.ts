import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import * as z from 'zod/mini'
import { type Call, createCall } from '../../shared/call.ts'
import type { Operation } from '../../shared/contract.ts'
import { fetch } from '../../shared/web/fetch.ts'

const ask: Operation<Record<string, never>, { a: number }> = {
  service: 'other',
  name: 'ask',
  method: 'POST',
  path: '/ask',
  summary: 'ask',
  permission: 'public',
  callers: ['test'],
  input: () => z.strictObject({}),
  output: () => z.object({ a: z.number() }),
}
const tell: Operation<Record<string, never>, undefined> = { ...ask, output: null }

let server: Server
let answer: (response: ServerResponse) => void
let call: Call

beforeEach(async () => {
  server = createServer((_, response) => answer(response))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  call = createCall({
    service: 'test',
    version: '0',
    domain: 'test',
    clock: Date,
    identity: { mint: async () => 'token', verify: () => Promise.reject(new Error('unused')) },
    fetch: (_, init) => fetch(`http://127.0.0.1:${port}`, init),
  })
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

describe('a call', () => {
  test('answers what its contract says', async () => {
    answer = response => response.end('{"a":1,"b":2}')
    expect(await call(ask, {})).toEqual({ a: 1 })
  })

  test('ends in time when the body does not', async () => {
    answer = response => response.writeHead(200).write('{"a"')
    await expect(call(ask, {}, { timeoutMs: 100 })).rejects.toMatchObject({
      code: 'upstream_timeout',
    })
  })

  test.each([200, 503])('is an upstream error when the body of a %i is cut', async status => {
    answer = response => {
      response.writeHead(status, { 'content-length': '100' }).write('{"a"')
      setTimeout(() => response.destroy(), 10)
    }
    await expect(call(ask, {})).rejects.toMatchObject({
      code: 'upstream_error',
      message: 'other broke its answer off',
    })
  })

  test('is an upstream error when the answer is no JSON', async () => {
    answer = response => response.end('<html>')
    await expect(call(ask, {})).rejects.toMatchObject({ code: 'upstream_error' })
  })

  test('reads no endless answer, and lets go of it', async () => {
    answer = response => {
      const chunk = Buffer.alloc(1024 * 1024, ' ')
      const more = (): unknown => response.write(chunk, error => error ?? more())
      more()
    }
    await expect(call(ask, {})).rejects.toThrow('an answer has more than 16777216 bytes')
    await vi.waitFor(async () => {
      const open = await new Promise(resolve => server.getConnections((_, n) => resolve(n)))
      expect(open).toBe(0)
    })
  })

  test('without an output gives its connection back', async () => {
    let opened = 0
    server.on('connection', () => {
      opened += 1
    })
    answer = response => response.writeHead(200).end('something')
    for (let n = 0; n < 3; n += 1) await call(tell, {})
    expect(opened).toBe(1)
  })

  test('that its caller ends has the reason of the caller', async () => {
    answer = response => response.writeHead(200).write('{"a"')
    const controller = new AbortController()
    const pending = call(ask, {}, { signal: controller.signal })
    setTimeout(() => controller.abort(new Error('enough')), 20)
    await expect(pending).rejects.toThrow('enough')
  })

  test('marks the errors of the other function as remote', async () => {
    answer = response => response.writeHead(400).end('{"error":{"code":"invalid_request"}}')
    await expect(call(ask, {})).rejects.toMatchObject({ code: 'invalid_request', remote: true })
  })
})

test('a stream may outlive the time that its beginning may take', async () => {
  answer = response => {
    response.writeHead(200).write('one ')
    setTimeout(() => response.end('two'), 200)
  }
  const response = await call.stream(ask, {}, { timeoutMs: 100 })
  expect(await response.text()).toBe('one two')
})
