/** Listens to the facts of an emulator, to learn when a delivery succeeded. */
import { get } from 'node:http'

/** An open stream of facts. */
export interface Facts {
  /** Resolves with the time at which an event with this id was delivered. */
  delivered(id: string): Promise<number>
  close(): void
}

interface Fact {
  kind: string
  event: { id: string }
}

/** Connects. */
export async function openFacts(url: string): Promise<Facts> {
  const waiting = new Map<string, (at: number) => void>()
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const outgoing = get(`${url}/_emulator/facts`, { agent: false }, incoming => {
    let text = ''
    incoming.setEncoding('utf8')
    incoming.on('error', () => {})
    incoming.on('data', chunk => {
      const blocks = (text + chunk).split('\n\n')
      text = blocks.pop() ?? ''
      for (const block of blocks) take(block, performance.now())
    })
    resolve()
  })
  outgoing.on('error', reject)
  await promise

  function take(block: string, at: number): void {
    const [, name, data] = /^event: (\w+)\ndata: (.*)$/.exec(block) ?? []
    if (name !== 'event' || data === undefined) return
    const { kind, event } = JSON.parse(data) as Fact
    if (kind === 'delivered') waiting.get(event.id)?.(at)
  }

  return {
    delivered: id => new Promise(resolve => void waiting.set(id, resolve)),
    close: () => void outgoing.destroy(),
  }
}
