/** The mixed load: producers of events and visitors of functions, who go on while everything around them dies. */
import { randomUUID } from 'node:crypto'
import { Agent, request } from 'node:http'
import { type EventKind, KINDS, toData } from './events.ts'
import type { Keeper } from './keeper.ts'
import type { Ledger } from './ledger.ts'
import { NAMESPACE, WEB } from './manifests.ts'
import type { Random } from './random.ts'

/** What the load met. */
export interface LoadCounts {
  /** Requests by status; `none` is a connection that broke or was refused. */
  readonly requests: Readonly<Record<string, number>>
  readonly publishes: Readonly<Record<string, number>>
  /** Answers 200 to a question that somebody else asked. */
  readonly wrong: number
}

/** A running load. */
export interface Load {
  counts(): LoadCounts
  /** Resolves when the last request has ended. */
  stop(): Promise<void>
}

/** Who loads what. */
export interface LoadOptions {
  readonly keeper: Keeper
  readonly ledger: Ledger
  readonly random: Random
  readonly producers: number
  readonly visitors: number
}

const PAUSE_MS = 40
const REQUEST_LIMIT_MS = 30_000
const ABORTS = 0.05

/** Starts at once. */
export function startLoad({ keeper, ledger, random, producers, visitors }: LoadOptions): Load {
  const requests: Record<string, number> = {}
  const publishes: Record<string, number> = {}
  let wrong = 0
  let stopping = false

  async function produce(own: Random): Promise<void> {
    const agent = new Agent({ keepAlive: true })
    while (!stopping) {
      const { type } = pickKind(own)
      const id = randomUUID()
      const emulator = await keeper.up()
      const { status } = await ask(emulator.brokerUrl(NAMESPACE, 'default'), {
        ...{ agent, method: 'POST', body: JSON.stringify(toData(id)) },
        headers: toHeaders(id, type),
      })
      count(publishes, status)
      if (status === 202) await ledger.accept({ id, type })
      await pause(own)
    }
    agent.destroy()
  }

  async function visit(own: Random): Promise<void> {
    const agent = new Agent({ keepAlive: true })
    while (!stopping) {
      const nonce = randomUUID()
      const emulator = await keeper.up()
      const ms = Math.round(own.between(0, 150))
      const answer = await ask(`${emulator.url}/?nonce=${nonce}&ms=${ms}`, {
        ...{ agent, method: 'POST', body: nonce },
        headers: { host: `${own.pick(WEB)}.${NAMESPACE}.localhost` },
        ...(own.chance(ABORTS) && { abortAfterMs: own.between(0, 200) }),
      })
      count(requests, answer.status)
      if (answer.status === 200 && answer.text !== `${nonce}:${nonce}`) wrong++
      await pause(own)
    }
    agent.destroy()
  }

  const lanes = [
    ...Array.from({ length: producers }, (_, n) => produce(random.fork(`producer ${n}`))),
    ...Array.from({ length: visitors }, (_, n) => visit(random.fork(`visitor ${n}`))),
  ]
  const done = Promise.all(lanes)
  // Told by `stop`.
  done.catch(() => {})
  return {
    counts: () => ({ requests, publishes, wrong }),
    async stop() {
      stopping = true
      await done
    },
  }
}

function pickKind(random: Random): EventKind {
  let left = random.between(0, 1)
  for (const kind of KINDS) {
    left -= kind.share
    if (left < 0) return kind
  }
  return KINDS[0] as EventKind
}

const pause = (random: Random): Promise<void> =>
  new Promise(resolve => setTimeout(resolve, random.between(0, PAUSE_MS)))

function count(counts: Record<string, number>, status: number): void {
  const name = status === 0 ? 'none' : String(status)
  counts[name] = (counts[name] ?? 0) + 1
}

const toHeaders = (id: string, type: string): Record<string, string> => ({
  'content-type': 'application/json',
  'ce-specversion': '1.0',
  'ce-id': id,
  'ce-source': '/soak',
  'ce-type': type,
})

interface Asked {
  agent: Agent
  method: string
  headers: Record<string, string>
  body: string
  abortAfterMs?: number
}

/** Status 0 when there was no whole answer. */
function ask(
  url: string,
  { agent, method, headers, body, abortAfterMs }: Asked,
): Promise<{ status: number; text: string }> {
  return new Promise(resolve => {
    const none = (): void => resolve({ status: 0, text: '' })
    const outgoing = request(url, { agent, method, headers }, incoming => {
      let text = ''
      incoming.setEncoding('utf8')
      incoming.on('data', chunk => {
        text += chunk
      })
      incoming.on('error', none)
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, text }))
    })
    outgoing.on('error', none)
    outgoing.setTimeout(REQUEST_LIMIT_MS, () => outgoing.destroy(new Error('no answer in time')))
    if (abortAfterMs !== undefined) {
      setTimeout(() => outgoing.destroy(), abortAfterMs)
    }
    outgoing.end(body)
  })
}
