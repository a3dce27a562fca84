import { createServer } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import { createServer as createTcpServer, type Server } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { type ProbeTarget, tryProbe } from '../../../../scripts/emulator/serving/probe.ts'
import { closeServer, listen } from '../../../../scripts/emulator/stores/listen.ts'

const http = { kind: 'http', path: '/health', headers: { 'x-probe': '1' } } as const

test('a TCP probe passes when somebody listens', async () => {
  const port = await open(createTcpServer())
  expect(await tryProbe({ kind: 'tcp' }, at(port), 1_000)).toBeUndefined()
  expect(await tryProbe({ kind: 'tcp' }, at(1), 1_000)).toBe('TCP probe failed: ECONNREFUSED')
})

test('an HTTP probe says which status it saw, or that there was no answer in time', async () => {
  let status = 399
  const port = await open(
    createServer((_request, response) => {
      if (status > 0) response.writeHead(status).end()
    }),
  )
  expect(await tryProbe(http, at(port), 1_000)).toBeUndefined()
  status = 400
  expect(await tryProbe(http, at(port), 1_000)).toBe('HTTP probe failed with statuscode: 400')
  status = 0
  expect(await tryProbe(http, at(port), 50)).toBe('HTTP probe failed: no answer within 50 ms')
  expect(await tryProbe(http, at(1), 50)).toBe('HTTP probe failed: ECONNREFUSED')
})

test('an answer that is no HTTP fails', async () => {
  const port = await open(createTcpServer(socket => socket.resume().end('hello')))
  expect(await tryProbe(http, at(port), 1_000)).toMatch(/^HTTP probe failed: /)
})

test('a port named h2c that knows HTTP/2 only is asked in it, any other is not', async () => {
  const seen: unknown[] = []
  const port = await open(
    createHttp2Server((request, response) => {
      seen.push([request.url, request.headers['x-probe'], request.headers['user-agent']])
      response.end()
    }),
  )
  expect(await tryProbe(http, { ...at(port), isH2c: true }, 1_000)).toBeUndefined()
  expect(seen).toEqual([['/health', '1', 'kube-probe/1.34']])
  expect(await tryProbe(http, at(port), 1_000)).toMatch(/^HTTP probe failed: /)
})

test('a gRPC probe asks for a service by name, and passes when it is serving', async () => {
  const asked: string[] = []
  let answer = { body: Buffer.from([0, 0, 0, 0, 2, 8, 1]), status: '0' }
  const server = createHttp2Server()
  server.on('stream', (stream, headers) => {
    const chunks: Buffer[] = []
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('end', () => {
      asked.push(`${headers[':path']} ${Buffer.concat(chunks).toString('hex')}`)
      stream.respond(
        { ':status': 200, 'content-type': 'application/grpc' },
        { waitForTrailers: true },
      )
      stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': answer.status }))
      stream.end(answer.body)
    })
  })
  const port = await open(server)
  const ask = (service: string): Promise<string | undefined> =>
    tryProbe({ kind: 'grpc', service }, at(port), 1_000)
  expect(await ask('')).toBeUndefined()
  expect(await ask('a.B')).toBeUndefined()
  expect(asked).toEqual([
    '/grpc.health.v1.Health/Check 0000000000',
    '/grpc.health.v1.Health/Check 00000000050a03612e42',
  ])
  answer = { body: Buffer.from([0, 0, 0, 0, 2, 8, 2]), status: '0' }
  expect(await ask('')).toBe('gRPC probe failed: service is not serving (2)')
  answer = { body: Buffer.alloc(0), status: '12' }
  expect(await ask('')).toBe('gRPC probe failed: status 12')
  expect(await tryProbe({ kind: 'grpc', service: '' }, at(1), 1_000)).toBe(
    'gRPC probe failed: ECONNREFUSED',
  )
})

test('an exec probe runs its command as the process would, and passes on 0', async () => {
  const ask = (script: string, limitMs: number = 5_000): Promise<string | undefined> =>
    tryProbe({ kind: 'exec', command: ['/bin/sh', '-c', script] }, at(1), limitMs)
  expect(await ask('test "$GREETING" = hi && test "$PWD" = /')).toBeUndefined()
  expect(await ask('exit 3')).toBe('exec probe failed: exited with 3')
  expect(await ask('exec sleep 10', 50)).toBe('exec probe failed: killed by SIGKILL')
  const missing = tryProbe({ kind: 'exec', command: ['/no/such'] }, at(1), 1_000)
  expect(await missing).toMatch(/^exec probe failed: spawn \/no\/such ENOENT/)
})

const at = (port: number): ProbeTarget => ({
  port,
  isH2c: false,
  cwd: '/',
  environment: { GREETING: 'hi', PATH: '/usr/bin:/bin' },
})

async function open(server: Parameters<typeof listen>[0]): Promise<number> {
  onTestFinished(() => closeServer(server as Server))
  return listen(server)
}
