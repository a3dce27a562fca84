/** A process of its own that runs the broker until it is killed: `node durability.fixture.ts <folder> <sink url>`. */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createClock } from '../../../../scripts/emulator/clock.ts'
import { createEventing } from '../../../../scripts/emulator/eventing/eventing.ts'
import { createLog } from '../../../../scripts/emulator/log.ts'

const [directory = '', sink = ''] = process.argv.slice(2)
const origin = { file: 'test.yaml', line: 1, labels: {}, annotations: {}, namespace: 'app' }
// The sink refuses every seventh call: so many tries that no event can run out of them.
const delivery = { retry: 50, backoffPolicy: 'linear', backoffDelayMs: 2 } as const
const trigger = { ...origin, broker: 'default', delivery }

const eventing = await createEventing({
  brokers: [{ ...origin, name: 'default' }],
  triggers: [
    { ...trigger, name: 'first', filter: { type: 'first' }, subscriber: { uri: `${sink}/first` } },
    {
      ...trigger,
      name: 'second',
      filter: { type: 'second' },
      subscriber: { uri: `${sink}/second` },
    },
  ],
  clock: createClock(),
  log: createLog({ write: line => void process.stderr.write(`${line}\n`) }),
  directory,
  domain: 'localhost',
  send: async ({ url, method, headers, body, signal }) => {
    const response = await fetch(url, {
      method,
      headers,
      body: Buffer.from(body ?? []),
      signal: signal ?? null,
    })
    const bytes = new Uint8Array(await response.arrayBuffer())
    return { status: response.status, headers: Object.fromEntries(response.headers), body: bytes }
  },
})
const server = createServer((request, response) => {
  if (request.url === '/idle') void eventing.idle().then(() => response.end('idle'))
  else if (request.url?.startsWith('/record/')) {
    response.end(JSON.stringify(eventing.event(request.url.slice(8)) ?? null))
  } else eventing.handler('broker.localhost', request, response)
})
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`)
})
