import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import type { ProbeTarget } from '../../../../scripts/emulator/serving/probe.ts'
import { awaitReadiness } from '../../../../scripts/emulator/serving/readiness.ts'

const timing = {
  initialDelaySeconds: 0,
  periodSeconds: 0,
  timeoutSeconds: 1,
  successThreshold: 1,
  failureThreshold: 3,
}

test('an HTTP probe passes on 2xx and 3xx only, and sends its headers', async () => {
  const statuses = [503, 404, 500, 302]
  const seen: IncomingMessage[] = []
  const port = await serve((request, response) => {
    seen.push(request)
    response.writeHead(statuses[seen.length - 1] ?? 200).end()
  })
  const probe = { kind: 'http', path: '/ready', headers: { 'x-probe': '1' }, ...timing } as const
  expect(await awaitReadiness(probe, at(port), new AbortController().signal)).toBe(true)
  expect(seen).toHaveLength(4)
  expect(seen[0]?.url).toBe('/ready')
  expect(seen[0]?.headers).toMatchObject({
    'x-probe': '1',
    'user-agent': 'kube-probe/1.34',
    'k-kubelet-probe': 'queue',
  })
})

test('successThreshold asks for that many in a row', async () => {
  const statuses = [200, 503, 200, 200]
  let calls = 0
  const port = await serve((_request, response) => {
    response.writeHead(statuses[calls++] ?? 200).end()
  })
  const probe = { kind: 'http', path: '/', headers: {}, ...timing, successThreshold: 2 } as const
  expect(await awaitReadiness(probe, at(port), new AbortController().signal)).toBe(true)
  expect(calls).toBe(4)
})

test('a try of the aggressive mode that takes longer than 100 ms has failed', async () => {
  let calls = 0
  const port = await serve((_request, response) => {
    if (++calls > 2) response.end()
  })
  const probe = { kind: 'http', path: '/', headers: {}, ...timing } as const
  expect(await awaitReadiness(probe, at(port), new AbortController().signal)).toBe(true)
  expect(calls).toBe(3)
})

test('a stopped wait ends with false', async () => {
  const controller = new AbortController()
  const waited = awaitReadiness({ kind: 'tcp', ...timing }, at(1), controller.signal)
  controller.abort()
  expect(await waited).toBe(false)
})

const at = (port: number): ProbeTarget => ({ port, isH2c: false, cwd: '/', environment: {} })

async function serve(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<number> {
  const server = createServer(answer)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}
