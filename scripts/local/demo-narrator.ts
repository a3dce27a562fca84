/** Tells a person what the platform is doing, hop by hop, from the emulator's live facts. */
import { parseSse } from '../../shared/sse.ts'

/** Speaks, and shows each hop as it happens. */
export interface Narrator {
  /** A headline. */
  say(line: string): void
  /** A line below the headline. */
  show(line: string): void
  close(): void
}

interface RequestFact {
  service: string
  method: string
  path: string
  status: number
  cold: boolean
  tookMs: number
}

interface EventFact {
  kind: string
  event: { type: string; id: string }
  trigger?: string
  attempt?: { status?: number; tookMs: number }
}

const WIDTH = 12

/** Subscribes to the facts of the emulator at `url`. */
export async function createNarrator(url: string): Promise<Narrator> {
  const controller = new AbortController()
  const response = await fetch(`${url}/_emulator/facts`, { signal: controller.signal })
  if (!response.ok || !response.body)
    throw new Error(`the emulator's facts answered ${response.status}`)
  void follow(response.body as unknown as AsyncIterable<Uint8Array>)

  async function follow(body: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      for await (const { event, data } of parseSse(body)) {
        const line = event === 'request' ? ofRequest(JSON.parse(data)) : ofEvent(event, data)
        if (line) print(`   · ${line}`)
      }
    } catch {
      // The stream ends with the demo.
    }
  }

  return {
    say: line => print(`\n── ${line}`),
    show: line => print(`   ${line}`),
    close: () => controller.abort(),
  }
}

function ofRequest({ service, method, path, status, cold, tookMs }: RequestFact): string {
  return `${service.padEnd(WIDTH)} ${method} ${path} ${status} ${cold ? 'cold' : 'warm'} ${Math.round(tookMs)} ms`
}

function ofEvent(event: string | undefined, data: string): string | undefined {
  if (event !== 'event') return undefined
  const fact = JSON.parse(data) as EventFact
  if (fact.kind === 'accepted') return `${'broker'.padEnd(WIDTH)} took ${fact.event.type}`
  if (fact.kind === 'delivered') {
    return `${'broker'.padEnd(WIDTH)} delivered ${fact.event.type} to ${fact.trigger} in ${Math.round(fact.attempt?.tookMs ?? 0)} ms`
  }
  if (fact.kind === 'retrying' || fact.kind === 'deadLettered' || fact.kind === 'failed') {
    return `${'broker'.padEnd(WIDTH)} ${fact.kind} ${fact.event.type} for ${fact.trigger}`
  }
  return undefined
}

const print = (line: string): void => void process.stdout.write(`${line}\n`)
