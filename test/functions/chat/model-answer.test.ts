/** The model's answer over real connections. */
import { generateKeyPairSync } from 'node:crypto'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { modelAnswer } from '../../../functions/chat/model-answer.ts'
import type { ChatDeps } from '../../../functions/chat/settings.ts'
import { createCall } from '../../../shared/call.ts'
import type { ChatDelta } from '../../../shared/contracts/inference.ts'
import { createIdentity } from '../../../shared/identity.ts'
import { encodeSse } from '../../../shared/sse.ts'
import { fetch } from '../../../shared/web/fetch.ts'
import { person } from '../../fixtures/person.ts'

const TURNS = 10
let server: Server
let opened = 0
let finish: (response: ServerResponse) => void

beforeEach(async () => {
  opened = 0
  server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(frame({ delta: 'Hel\0lo', done: false, model: 'm' }))
    response.write(frame({ delta: '', done: true, model: 'm' }))
    finish(response)
  })
  server.on('connection', () => {
    opened += 1
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

it('uses one connection for one turn after another', async () => {
  finish = response => setTimeout(() => response.end(), 5)
  for (let turn = 0; turn < TURNS; turn += 1) expect(await ask()).toBe('Hello')
  expect(opened).toBe(1)
})

it('is finished when the connection breaks after its last frame', async () => {
  finish = response => setTimeout(() => response.destroy(), 5)
  expect(await ask()).toBe('Hello')
})

it('does not wait for a body that does not end, and leaves no connection behind', async () => {
  finish = () => {}
  expect(await ask()).toBe('Hello')
  await vi.waitFor(async () => {
    const count = await new Promise(resolve => server.getConnections((_, open) => resolve(open)))
    expect(count).toBe(0)
  })
})

const frame = (data: ChatDelta): string => encodeSse({ data })

async function ask(): Promise<string> {
  const { port } = server.address() as AddressInfo
  const { privateKey } = generateKeyPairSync('ed25519')
  const identity = createIdentity({
    service: 'chat',
    privateKey: JSON.stringify(privateKey.export({ format: 'jwk' })),
    publicKeys: '{"keys":[]}',
    clock: Date,
  })
  const call = createCall({
    service: 'chat',
    version: '0',
    domain: 'test',
    identity,
    clock: Date,
    fetch: (_, init) => fetch(`http://127.0.0.1:${port}`, init),
  })
  const deps = { call, config: { ANSWER_TIMEOUT_MS: 10_000 } } as unknown as ChatDeps
  const asking = { principal: person(), signal: new AbortController().signal }
  let text = ''
  for await (const piece of modelAnswer(deps, { messages: [], model: undefined }, asking)) {
    text += piece.text
  }
  return text
}
