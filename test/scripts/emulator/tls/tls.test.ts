import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect as connectHttp2, type IncomingHttpHeaders } from 'node:http2'
import { request as httpsRequest } from 'node:https'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls, createSecureContext } from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import { createIngress, type Ingress } from '../../../../scripts/emulator/ingress.ts'
import { createLog } from '../../../../scripts/emulator/log.ts'
import { toFunctionHeaders } from '../../../../scripts/emulator/serving/forward-headers.ts'
import { closeServer, listen } from '../../../../scripts/emulator/stores/listen.ts'
import { type Authority, openAuthority } from '../../../../scripts/emulator/tls/authority.ts'
import { createLeaf } from '../../../../scripts/emulator/tls/certificate.ts'
import { until } from '../serving/world.ts'

test.each([
  'localhost',
  'orders.localhost',
  'orders.test.localhost',
  'a-b.c-d.localhost',
  '127.0.0.1',
])('a client that trusts the authority trusts %s, over HTTP/1.1', async host => {
  const { ca, ingress } = await secureWorld()
  const answer = await https(ingress, host, ca)
  expect(answer).toEqual({ status: 200, text: `1.1 ${host} https` })
})

test('a client that offers HTTP/2 gets it', async () => {
  const { ca, ingress } = await secureWorld()
  const session = connectHttp2(`https://localhost:${ingress.secure?.port}`, {
    ca,
    servername: 'orders.test.localhost',
  })
  onTestFinished(() => session.destroy())
  const stream = session.request({ ':path': '/', ':authority': 'orders.test.localhost' })
  let head: IncomingHttpHeaders = {}
  let text = ''
  stream.on('response', headers => {
    head = headers
  })
  stream.on('data', chunk => {
    text += chunk
  })
  await new Promise(resolve => stream.once('end', resolve))
  expect([head[':status'], text]).toEqual([200, '2.0 orders.test.localhost https'])
})

test('a client that does not trust the authority is refused by itself, and the port goes on', async () => {
  const { ca, ingress } = await secureWorld()
  await expect(https(ingress, 'orders.localhost')).rejects.toThrow(/unable to (get|verify)/)
  expect((await https(ingress, 'orders.localhost', ca)).status).toBe(200)
})

test('plain HTTP on the port of TLS does no harm', async () => {
  const { ca, ingress } = await secureWorld()
  const plain = fetch(`http://127.0.0.1:${ingress.secure?.port}/`)
  await expect(plain).rejects.toThrow('fetch failed')
  expect((await https(ingress, 'localhost', ca)).status).toBe(200)
})

test('a foreign name is shown the certificate of localhost', async () => {
  const { ca, ingress } = await secureWorld()
  const socket = connectTls({
    port: ingress.secure?.port ?? 0,
    host: '127.0.0.1',
    ca,
    servername: 'example.com',
    checkServerIdentity: () => undefined,
  })
  await new Promise((resolve, reject) => {
    socket.once('secureConnect', resolve)
    socket.once('error', reject)
  })
  expect(socket.getPeerCertificate().subjectaltname).toBe(
    'DNS:localhost, DNS:*.localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1',
  )
  socket.destroy()
})

test('a name is answered with itself and what is beside it', async () => {
  const { certificate } = await leafOf('orders.test.localhost')
  expect(certificate.subjectAltName).toContain('DNS:orders.test.localhost, DNS:*.test.localhost')
  expect(certificate.ca).toBe(false)
})

test('the authority is kept, and its key is readable by its owner alone', async () => {
  const directory = temporary()
  const { file } = await openAuthority(directory)
  const first = readFileSync(file, 'utf8')
  expect(new X509Certificate(first).ca).toBe(true)
  expect(statSync(join(directory, 'ca-key.pem')).mode & 0o777).toBe(0o600)
  await openAuthority(directory)
  expect(readFileSync(file, 'utf8')).toBe(first)
})

test.each(['ca.pem', 'ca-key.pem'])('a broken %s is replaced', async name => {
  const directory = temporary()
  const { file } = await openAuthority(directory)
  const first = readFileSync(file, 'utf8')
  writeFileSync(join(directory, name), 'nonsense')
  await openAuthority(directory)
  expect(readFileSync(file, 'utf8')).not.toBe(first)
})

test('whoever steals the key can vouch for no name outside of this machine', async () => {
  const directory = temporary()
  const { file } = await openAuthority(directory)
  const root = {
    certificate: readFileSync(file, 'utf8'),
    key: readFileSync(join(directory, 'ca-key.pem'), 'utf8'),
  }
  const forged = await createLeaf(
    { commonName: 'example.com', days: 1 },
    { dns: ['example.com'], ip: [] },
    root,
  )
  const context = createSecureContext({ cert: forged.certificate, key: forged.key })
  const { ingress } = await secureWorld({
    file,
    fallback: forged,
    contextFor: () => Promise.resolve(context),
  })
  const asked = https(ingress, 'example.com', root.certificate)
  await expect(asked).rejects.toThrow('permitted subtree violation')
})

test('a taken port is a clear error, and leaves nothing open', async () => {
  const other = createServer()
  onTestFinished(() => closeServer(other))
  const port = await listen(other)
  const authority = await openAuthority(temporary())
  const opening = createIngress({ port: 0, handlers: [], log, tls: { port, authority } })
  await expect(opening).rejects.toMatchObject({
    code: 'EADDRINUSE',
    message: `port ${port} is in use: choose another with --tls-port`,
  })
})

test('close ends the port and its connections', async () => {
  const { ca, ingress } = await secureWorld()
  const socket = connectTls({ port: ingress.secure?.port ?? 0, ca, servername: 'localhost' })
  socket.on('error', () => {})
  let closed = false
  socket.once('close', () => {
    closed = true
  })
  await new Promise(resolve => socket.once('secureConnect', resolve))
  await ingress.close()
  await until('closed', () => closed)
  await expect(https(ingress, 'localhost', ca)).rejects.toThrow('ECONNREFUSED')
})

const log = createLog({ write: () => {} })

function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), 'tls-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  return directory
}

async function secureWorld(given?: Authority): Promise<{ ca: string; ingress: Ingress }> {
  const authority = given ?? (await openAuthority(temporary()))
  const ingress = await createIngress({
    port: 0,
    log,
    tls: { port: 0, authority },
    handlers: [
      (host, request, response) => {
        const headers = toFunctionHeaders(request, { proxied: true })
        const proto = headers[headers.indexOf('X-Forwarded-Proto') + 1]
        response.end(`${request.httpVersion} ${host.replace(/:\d+$/, '')} ${proto}`)
        return true
      },
    ],
  })
  onTestFinished(() => ingress.close())
  return { ca: readFileSync(authority.file, 'utf8'), ingress }
}

async function leafOf(name: string): Promise<{ certificate: X509Certificate }> {
  const { ca, ingress } = await secureWorld()
  const socket = connectTls({ port: ingress.secure?.port ?? 0, ca, servername: name })
  await new Promise(resolve => socket.once('secureConnect', resolve))
  const certificate = socket.getPeerX509Certificate()
  socket.destroy()
  if (!certificate) throw new Error('no certificate was shown')
  return { certificate }
}

function https(
  ingress: Ingress,
  host: string,
  ca?: string,
): Promise<{ status: number | undefined; text: string }> {
  return new Promise((resolve, reject) => {
    httpsRequest(
      {
        port: ingress.secure?.port,
        host: '127.0.0.1',
        headers: { host },
        agent: false,
        ...(ca !== undefined && { ca }),
        ...(host !== '127.0.0.1' && { servername: host }),
      },
      message => {
        let text = ''
        message.on('data', chunk => {
          text += chunk
        })
        message.on('end', () => resolve({ status: message.statusCode, text }))
      },
    )
      .on('error', reject)
      .end()
  })
}
