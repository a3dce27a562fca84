import { mkdtempSync, rmSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createEmulator, type Emulator } from '../../../../scripts/emulator/emulator.ts'
import { openAuthority } from '../../../../scripts/emulator/tls/authority.ts'
import { openWire } from '../../../fixtures/wire.ts'
import { until } from '../serving/world.ts'

const REDIRECTED = 'networking.knative.dev/http-protocol: Redirected'

test('a Service that is Redirected sends who asks over HTTP to https, and answers there', async () => {
  const emulator = await started({ annotation: REDIRECTED })
  const port = emulator.secureUrl?.split(':').at(-1)
  const answer = await ask(emulator, 'orders.shop.localhost', '/a?b=1')
  expect(answer).toEqual([301, `https://orders.shop.localhost:${port}/a?b=1`])
  expect(await upgrade(emulator, 'orders.shop.localhost')).toContain(
    `301 Moved Permanently\r\nlocation: https://orders.shop.localhost:${port}/`,
  )
})

test('names inside the cluster, other Services, and a machine without TLS are served over HTTP', async () => {
  const [redirected, plain, without] = await Promise.all([
    started({ annotation: REDIRECTED }),
    started({ annotation: 'networking.knative.dev/http-protocol: Enabled' }),
    started({ annotation: REDIRECTED, tls: false }),
  ])
  expect(await ask(redirected, 'orders.shop.svc.cluster.local', '/')).toEqual([200, undefined])
  expect(await ask(plain, 'orders.shop.localhost', '/')).toEqual([200, undefined])
  expect(await ask(without, 'orders.shop.localhost', '/')).toEqual([200, undefined])
})

async function started({
  annotation,
  tls = true,
}: {
  annotation: string
  tls?: boolean
}): Promise<Emulator> {
  const directory = mkdtempSync(join(tmpdir(), 'redirect-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const emulator = await createEmulator({
    manifests: `
apiVersion: serving.knative.dev/v1
kind: Service
metadata: { name: orders, namespace: shop, annotations: { ${annotation} } }
spec: { template: { spec: { containers: [{ image: registry.test/orders }] } } }
`,
    ...(tls && { tls: { port: 0, authority: await openAuthority(directory) } }),
    resolveCommand: async () => ({
      command: process.execPath,
      args: [new URL('../../../fixtures/processes/hello.mjs', import.meta.url).pathname],
      cwd: '/',
    }),
  })
  onTestFinished(() => emulator.close())
  return emulator
}

function ask(emulator: Emulator, host: string, path: string): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    const client = httpRequest(emulator.url, { path, headers: { host } }, message => {
      message.resume()
      message.once('end', () => resolve([message.statusCode, message.headers.location]))
    })
    client.on('error', reject)
    client.end()
  })
}

async function upgrade(emulator: Emulator, host: string): Promise<string> {
  const { text, closed } = openWire(
    Number(new URL(emulator.url).port),
    `GET / HTTP/1.1\r\nhost: ${host}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n`,
  )
  await until('closed', closed)
  return text()
}
