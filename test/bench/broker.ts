/** The broker: durable ingest and time to the subscriber, beside the same HTTP without keeping and with one fsync a batch. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type LoadOptions, load } from './load.ts'
import { freePort, start, untilExit, untilOpen } from './processes.ts'
import {
  type BenchContext,
  type BenchRow,
  type Budget,
  judge,
  median,
  quantile,
  round,
} from './rows.ts'

const HERE = dirname(fileURLToPath(import.meta.url))
const ROUNDS = 5
const EVENTS = 4_000
const CONCURRENCY = 64
const HOPS = 300
const BUDGET: Budget = { hop_p50_ms: { max: 5 } }
/** A body of an ordinary event. */
const DATA = JSON.stringify({ text: 'x'.repeat(480) })

/** Interleaves rounds of ingest over all servers, then measures single hops. */
export async function run({ note, signal }: BenchContext): Promise<BenchRow[]> {
  const directory = await mkdtemp(join(tmpdir(), 'aiwfe-broker-'))
  const subscriber = await createSubscriber()
  const children: ChildProcess[] = []
  try {
    const ours = untilExit(
      spawn(process.execPath, [join(HERE, 'servers/broker.ts'), directory, subscriber.url], {
        stdio: ['ignore', 'pipe', 'inherit'],
      }),
    )
    children.push(ours)
    const targets: Record<string, string> = {
      'aiwfe broker (durable)': await firstLine(ours),
      'node http, fsync per batch': await serve(children, [
        join(HERE, 'servers/append.cjs'),
        join(directory, 'append'),
      ]),
      'node http, nothing kept': await serve(children, [join(HERE, 'servers/accept.cjs')]),
    }
    const rates = await measureIngest(targets, { note, signal })
    await subscriber.until(ROUNDS * EVENTS, signal)
    note('single hops')
    const hops = await measureHops(targets['aiwfe broker (durable)'] ?? '', subscriber, signal)
    return toRows(rates, hops)
  } finally {
    for (const child of children) child.kill('SIGKILL')
    subscriber.close()
    await rm(directory, { recursive: true, force: true })
  }
}

function toRows(rates: Record<string, number[]>, hops: number[]): BenchRow[] {
  const floor = median(rates['node http, fsync per batch'] ?? [])
  return Object.entries(rates).map(([name, values]) => {
    const ours = name.startsWith('aiwfe')
    const row: BenchRow = {
      name,
      kind: ours ? 'ours' : 'floor',
      ratio: round(median(values) / floor),
      ingest_per_s: Math.round(median(values)),
      ...(ours && { hop_p50_ms: round(median(hops)), hop_p99_ms: round(quantile(hops, 0.99)) }),
    }
    return ours ? judge(row, BUDGET) : row
  })
}

async function measureIngest(
  targets: Record<string, string>,
  { note, signal }: BenchContext,
): Promise<Record<string, number[]>> {
  const rates: Record<string, number[]> = Object.fromEntries(
    Object.keys(targets).map(name => [name, []]),
  )
  for (let turn = 1; turn <= ROUNDS; turn++) {
    note(`ingest round ${turn} of ${ROUNDS}`)
    for (const [name, url] of Object.entries(targets)) {
      const { perSecond } = await load({ ...toLoad(url, `r${turn}`, EVENTS, CONCURRENCY), signal })
      rates[name]?.push(perSecond)
    }
  }
  return rates
}

/** From just before the POST to the subscriber's receipt, one at a time. */
async function measureHops(
  url: string,
  subscriber: Subscriber,
  signal: AbortSignal,
): Promise<number[]> {
  const times: number[] = []
  for (let n = 0; n < HOPS; n++) {
    const arrival = subscriber.next()
    const begun = performance.now()
    await load({ ...toLoad(url, `h${n}`, 1, 1), signal })
    times.push((await arrival) - begun)
  }
  return times
}

const toLoad = (
  url: string,
  prefix: string,
  requests: number,
  concurrency: number,
): LoadOptions => ({
  url,
  requests,
  concurrency,
  method: 'POST',
  status: 202,
  make: n => ({
    headers: {
      'content-type': 'application/json',
      'content-length': String(DATA.length),
      'ce-specversion': '1.0',
      'ce-id': `${prefix}-${n}`,
      'ce-source': '/bench',
      'ce-type': 'bench.event',
    },
    body: DATA,
  }),
})

interface Subscriber {
  url: string
  /** Resolves with the time of the next arrival. */
  next(): Promise<number>
  /** Resolves when so many events have arrived in all. */
  until(count: number, signal: AbortSignal): Promise<void>
  close(): void
}

async function createSubscriber(): Promise<Subscriber> {
  let count = 0
  let waiters: ((at: number) => void)[] = []
  const server = createServer((request, response) => {
    const at = performance.now()
    count += 1
    for (const resolve of waiters) resolve(at)
    waiters = []
    request.resume()
    request.on('end', () => response.writeHead(202).end())
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const next = (): Promise<number> => new Promise(resolve => void waiters.push(resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    next,
    async until(wanted, signal) {
      while (count < wanted) {
        signal.throwIfAborted()
        await next()
      }
    },
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

async function serve(children: ChildProcess[], args: string[]): Promise<string> {
  const port = await freePort()
  children.push(start({ args, env: {} }, port))
  await untilOpen(port)
  return `http://127.0.0.1:${port}/`
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    child.stdout?.on('data', chunk => {
      text += chunk
      if (text.includes('\n')) resolve(text.split('\n')[0] ?? '')
    })
    child.once('exit', code => reject(new Error(`the broker ended with ${code}`)))
  })
}
