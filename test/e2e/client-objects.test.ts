/** kill -9 at any moment after a client's objects were answered: they are there again, and what waits for them is delivered. */
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { toServer } from '../../scripts/emulator/api/kubernetes/access.ts'
import { readKubeconfig } from '../../scripts/emulator/api/kubernetes/kubeconfig.ts'
import { countPending, publishAll, type Sent } from '../fixtures/publishing.ts'
import { type Started, start, stateWithDatabase, until } from '../fixtures/started.ts'

const KILLS = 2
const EVENTS_PER_ROUND = 6
/** The kill falls somewhere in here after the first event was sent. */
const WINDOW_MS = 300
const NAMESPACE = 'aiwfe-system'
const TYPE = 'dev.aiwfe.test.mark.made.v1'

const state = await stateWithDatabase()
/** Effects by event, counted outside of what is killed, as an idempotent receiver has them. */
const effects = new Map<string, number>()
let isOpen = false
let receiver: Server

beforeAll(async () => {
  receiver = createServer((request, response) => {
    const id = String(request.headers['ce-id'])
    request.resume()
    if (isOpen) effects.set(id, (effects.get(id) ?? 0) + 1)
    response.writeHead(isOpen ? 202 : 503).end()
  })
  await new Promise<void>(resolve => void receiver.listen(0, '127.0.0.1', resolve))
})

afterAll(() => {
  receiver.close()
  state.remove()
})

test(`${KILLS} kills lose neither a client's Trigger nor an event that waits for it`, async () => {
  const accepted: string[] = []
  const { port } = receiver.address() as AddressInfo
  for (let round = 0; round < KILLS; round++) {
    const platform = await start({ stateDirectory: state.path })
    // A new one each time: the kill may fall right after the answer.
    const made = await create(platform, trigger(`mark-${round}`, port, round))
    expect(made.status).toBe(201)
    const marks = Array.from({ length: EVENTS_PER_ROUND }, () => markOf(round))
    const sending = publishAll(platform, marks, id => void accepted.push(id))
    await new Promise(resolve => setTimeout(resolve, Math.random() * WINDOW_MS))
    await platform.stop('SIGKILL')
    await sending
  }
  isOpen = true
  const platform = await start({ stateDirectory: state.path })
  const { items } = (await (await ask(platform, TRIGGERS)).json()) as {
    items: { metadata: { name: string } }[]
  }
  const names = items.map(({ metadata }) => metadata.name).filter(name => /^mark-/.test(name))
  expect(names.sort()).toEqual(Array.from({ length: KILLS }, (_, round) => `mark-${round}`))
  await until(() => (accepted.every(id => effects.has(id)) ? true : undefined))
  await until(async () => ((await countPending(platform)) === 0 ? true : undefined))
  await platform.stop('SIGTERM')

  expect(accepted).not.toEqual([])
  // The receiver refused before the last start, so that nothing could be done twice there.
  expect(accepted.filter(id => effects.get(id) !== 1)).toEqual([])
}, 120_000)

const TRIGGERS = `/apis/eventing.knative.dev/v1/namespaces/${NAMESPACE}/triggers`

const trigger = (name: string, port: number, round: number) => ({
  apiVersion: 'eventing.knative.dev/v1',
  kind: 'Trigger',
  metadata: { name, namespace: NAMESPACE },
  spec: {
    broker: 'default',
    filter: { attributes: { type: TYPE, subject: `round-${round}` } },
    subscriber: { uri: `http://127.0.0.1:${port}/` },
    delivery: { retry: 100, backoffPolicy: 'linear', backoffDelay: 'PT0.2S' },
  },
})

/** As kubectl asks: by the address and the token of the state folder's kubeconfig. */
function ask({ env, gateway }: Started, path: string, init: RequestInit = {}): Promise<Response> {
  const { token } = readKubeconfig(readFileSync(env.KUBECONFIG ?? '', 'utf8'))
  return fetch(`${toServer(gateway, token)}${path}`, init)
}

const create = (platform: Started, document: object): Promise<Response> =>
  ask(platform, TRIGGERS, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(document),
  })

const markOf = (round: number): Sent => ({
  attributes: { id: randomUUID(), source: '/test', type: TYPE, subject: `round-${round}` },
  data: {},
})
