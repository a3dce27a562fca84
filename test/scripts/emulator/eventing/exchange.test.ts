import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import {
  type Answer,
  createExchange,
  type Exchange,
  toClusterName,
} from '../../../../scripts/emulator/eventing/exchange.ts'
import { createTestLog, until } from './fixture.ts'

test.each([
  'sink.app',
  'SINK.app:80',
  'sink.app.svc',
  'sink.app.svc:8080',
  'sink.app.svc.cluster.local',
  'sink.app.svc.cluster.local.:80',
])('%s is sink.app', host => {
  expect(toClusterName(host)).toBe('sink.app')
})

async function serve(answer: (exchange: Exchange) => Promise<Answer>) {
  const { log, lines } = createTestLog()
  const handler = createExchange({
    scope: 'test',
    log,
    hosts: /^o/i,
    owns: host => host === 'own.app',
    answer,
  })
  const server = createServer((incoming, outgoing) => {
    if (!handler(incoming.headers.host ?? '', incoming, outgoing)) outgoing.writeHead(421).end()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  })
  const { port } = server.address() as AddressInfo
  const open = (host: string) =>
    request({ port, host: '127.0.0.1', method: 'POST', path: '/a?b', headers: { host } })
  const post = (host: string, body: string): Promise<{ status: number; body: string }> =>
    new Promise((resolve, reject) => {
      const outgoing = open(host).once('error', reject)
      outgoing.once('response', incoming => {
        let text = ''
        incoming.on('data', chunk => {
          text += chunk
        })
        incoming.once('end', () => resolve({ status: incoming.statusCode ?? 0, body: text }))
      })
      outgoing.end(body)
    })
  return { post, open, lines }
}

test('its hosts get the answer to the whole request, others are left alone', async () => {
  const { post } = await serve(async ({ host, method, target, body }) => ({
    status: 201,
    body: `${method} ${host} ${target} ${Buffer.from(body)}`,
  }))
  expect(await post('own.app.svc.cluster.local', 'data')).toEqual({
    status: 201,
    body: 'POST own.app /a?b data',
  })
  expect((await post('other.app', '')).status).toBe(421)
})

test('a body beyond the limit is 413', async () => {
  const { post } = await serve(async () => ({ status: 200 }))
  expect((await post('own.app', 'x'.repeat(1_048_577))).status).toBe(413)
})

test('what breaks is a 500 that tells the client nothing and the log everything', async () => {
  const { post, lines } = await serve(() => Promise.reject(new Error('secret cause')))
  expect(await post('own.app', '')).toEqual({ status: 500, body: '' })
  expect(lines.map(({ level, message }) => [level, message.includes('secret cause')])).toEqual([
    ['error', true],
  ])
})

test('a client that goes away ends the work for it, without a word', async () => {
  let gone = false
  const { open, lines } = await serve(
    ({ signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          gone = true
          reject(signal.reason)
        })
        outgoing.destroy()
      }),
  )
  const outgoing = open('own.app').on('error', () => {})
  outgoing.end()
  await until(() => gone)
  expect(lines).toEqual([])
})
