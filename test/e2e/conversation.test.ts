import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runToEnd, temporaryDirectory } from '../fixtures/started.ts'

const state = temporaryDirectory()
/** Answers where this folder's platform answered once, but knows nobody of it. */
const stranger = createServer(({ url }, response) => {
  response.writeHead(url?.startsWith('/_emulator/') ? 200 : 401).end('{}')
})

beforeAll(async () => {
  await new Promise<void>(resolve => stranger.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(stranger.address() as AddressInfo).port}`
  const stale = `GATEWAY_URL=${url}\nADMIN_EMAIL=admin@aiwfe.local\nADMIN_PASSWORD=old\n`
  writeFileSync(join(state.path, 'env'), stale)
})
afterAll(() => {
  stranger.close()
  state.remove()
})

test('the demo remembers across conversations, analyses an alert and ends at zero processes', async () => {
  const { code, output } = await runToEnd('demo', ['--state-dir', state.path])
  expect([code, output]).toEqual([
    0,
    expect.stringContaining('every function is at zero processes'),
  ])
  expect(output).toContain('started the platform')
  expect(output).toMatch(/memory used: .*teal/)
  expect(output).toMatch(/KubePodCrashLooping: restart_pod, confidence 0\.\d+/)
  expect(output).toMatch(/gateway +POST \S+ 20\d (cold|warm) \d+ ms/)
}, 120_000)
