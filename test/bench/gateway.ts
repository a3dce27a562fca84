/** The gateway: an authenticated, rate-limited, proxied request beside a bare node proxy and no proxy at all. */
import type { ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort, untilOpen } from '../fixtures/ports.ts'
import { type LoadOptions, load } from './load.ts'
import { login } from './login.ts'
import { startOwnPlatform } from './own-platform.ts'
import { start } from './processes.ts'
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
const ROUNDS = 7
const SEQUENTIAL = 400
const PARALLEL = 3_000
const CONCURRENCY = 32
const BUDGET: Budget = { added_p50_ms: { max: 1.5 }, ratio: { min: 0.5 } }
const PATH = '/api/v1/inference/models'

interface Figures {
  latencies: number[]
  rates: number[]
}

/** Interleaves rounds: one at a time for the added latency, then many at once for the throughput. */
export async function run({ note, signal }: BenchContext): Promise<BenchRow[]> {
  const directory = await mkdtemp(join(tmpdir(), 'aiwfe-gateway-'))
  const platform = await startOwnPlatform(directory, signal)
  const children: ChildProcess[] = []
  try {
    const { token } = await login(platform)
    const upstream = await serve(children, { args: [join(HERE, 'servers/upstream.cjs')], env: {} })
    const { args, env } = await platform.processOf('gateway')
    const gateway = await serve(children, {
      args,
      // The upstream answers absolute targets too, so that both proxies reach it in one hop.
      env: { ...env, HTTP_PROXY: upstream, API_RATE_LIMIT: '1000000' },
    })
    const targets: Record<string, string> = {
      'aiwfe gateway': gateway,
      'bare node proxy': await serve(children, {
        args: [join(HERE, 'servers/proxy.cjs'), upstream],
        env: {},
      }),
      'no proxy': upstream,
    }
    return toRows(await measure(targets, token, { note, signal }))
  } finally {
    for (const child of children) child.kill('SIGKILL')
    await platform.close()
    await rm(directory, { recursive: true, force: true })
  }
}

async function measure(
  targets: Record<string, string>,
  token: string,
  { note, signal }: BenchContext,
): Promise<Record<string, Figures>> {
  const figures: Record<string, Figures> = {}
  const toLoad = (url: string, requests: number, concurrency: number): LoadOptions => ({
    url: `${url}${PATH}`,
    requests,
    concurrency,
    headers: { authorization: `Bearer ${token}` },
    status: 200,
    signal,
  })
  for (const [name, url] of Object.entries(targets)) {
    // Unmeasured: connections, caches and V8 are warm for all.
    await load(toLoad(url, PARALLEL, CONCURRENCY))
    figures[name] = { latencies: [], rates: [] }
  }
  for (let turn = 1; turn <= ROUNDS; turn++) {
    note(`round ${turn} of ${ROUNDS}`)
    for (const [name, url] of Object.entries(targets)) {
      const alone = await load(toLoad(url, SEQUENTIAL, 1))
      const many = await load(toLoad(url, PARALLEL, CONCURRENCY))
      figures[name]?.latencies.push(...alone.latencies)
      figures[name]?.rates.push(many.perSecond)
    }
  }
  return figures
}

function toRows(figures: Record<string, Figures>): BenchRow[] {
  const direct = median(figures['no proxy']?.latencies ?? [])
  const bare = median(figures['bare node proxy']?.rates ?? [])
  return Object.entries(figures).map(([name, { latencies, rates }]) => {
    const row: BenchRow = {
      name,
      kind: name.startsWith('aiwfe') ? 'ours' : name === 'no proxy' ? 'floor' : 'peer',
      ratio: round(median(rates) / bare),
      per_s: Math.round(median(rates)),
      p50_ms: round(median(latencies)),
      p99_ms: round(quantile(latencies, 0.99)),
      added_p50_ms: round(median(latencies) - direct),
    }
    return row.kind === 'ours' ? judge(row, BUDGET) : row
  })
}

async function serve(
  children: ChildProcess[],
  command: { args: string[]; env: Record<string, string> },
): Promise<string> {
  const port = await freePort()
  const child = start(command, port)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', chunk => {
      output = `${output}${chunk}`.slice(-2_000)
    })
  }
  children.push(child)
  await untilOpen(port).catch(error => {
    throw new Error(`${command.args.join(' ')}: ${error}\n${output}`)
  })
  return `http://127.0.0.1:${port}`
}
