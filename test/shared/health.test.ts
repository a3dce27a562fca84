import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { modelsSettings, vectorsSettings } from '../../shared/deps.ts'
import { defineFunction, type FunctionDefinition } from '../../shared/function.ts'
import { createTestApp, type TestApp } from '../fixtures/function.ts'

const functionOf = (checks: NonNullable<FunctionDefinition['checks']>): FunctionDefinition =>
  defineFunction({
    name: 'ill',
    config: {},
    contract: { service: 'ill', operations: [], events: [] },
    checks,
  })

const healthOf = async <C extends object>(app: TestApp<C>) =>
  (await (await app.request('/health')).json()) as {
    status: string
    components: Record<string, { status: string; latency_ms: number }>
  }

test('a check that is late is told to stop', async () => {
  let told: AbortSignal | undefined
  const never = (_: unknown, signal: AbortSignal): Promise<void> => {
    told = signal
    return new Promise(() => {})
  }
  const { components } = await healthOf(createTestApp(functionOf({ never })))
  expect(components.never?.status).toBe('unavailable')
  expect(told?.aborted).toBe(true)
})

test('a check is not begun again while its last run has not ended', async () => {
  let running = 0
  let release = (): void => {}
  const slow = (): Promise<void> => {
    running += 1
    return new Promise(resolve => {
      release = resolve
    })
  }
  // Every round of checks is a new one once the last is old enough: the clock of the process is turned.
  const app = createTestApp(functionOf({ slow }))
  const real = performance.now
  let turned = 0
  performance.now = () => real.call(performance) + turned
  try {
    await healthOf(app)
    turned += 6_000
    expect((await healthOf(app)).components.slow?.status).toBe('unavailable')
    expect(running).toBe(1)
    release()
    await new Promise(setImmediate)
    turned += 6_000
    const last = healthOf(app)
    await expect.poll(() => running).toBe(2)
    release()
    expect((await last).status).toBe('healthy')
  } finally {
    performance.now = real
  }
})

test('the stores are asked, and a hanging one keeps no connection', async () => {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(`${request.url} ${request.headers['api-key'] ?? ''}`.trim())
    if (request.url === '/collections') response.end('{}')
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const definition = defineFunction({
    ...functionOf({}),
    config: { ...vectorsSettings, ...modelsSettings },
  })
  try {
    const env = { QDRANT_URL: base, QDRANT_API_KEY: 'key', OLLAMA_HOST: base }
    const { components } = await healthOf(createTestApp(definition, { env }))
    expect(components).toMatchObject({
      vectors: { status: 'healthy' },
      models: { status: 'unavailable' },
    })
    expect(asked.toSorted()).toEqual(['/api/version', '/collections key'])
    await expect
      .poll(() => new Promise(resolve => server.getConnections((_, n) => resolve(n))))
      .toBeLessThanOrEqual(1)
  } finally {
    server.closeAllConnections()
    server.close()
  }
})
