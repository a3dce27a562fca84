/** Cold start of every function beside bare node and its peers, interleaved: spawn to ready, spawn to first answer. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCommands, REQUESTS } from './functions.ts'
import { ROOT, startOwnPlatform } from './own-platform.ts'
import { type ServerCommand, type StartTimes, timeStart, warm } from './processes.ts'
import { type BenchContext, type BenchRow, type Budget, judge, median, round } from './rows.ts'

const ROUNDS = 15
const BUDGET: Budget = { ratio: { max: 1.5 }, first_ratio: { max: 2.2 } }

/** Runs {@link ROUNDS} rounds over all servers, so that a slow moment of the machine hits each of them. */
export async function run({ note, signal }: BenchContext): Promise<BenchRow[]> {
  const directory = await mkdtemp(join(tmpdir(), 'aiwfe-coldstart-'))
  const platform = await startOwnPlatform(directory, signal)
  try {
    const commandOf = await createCommands(platform)
    const known = peers()
    const times: Record<string, StartTimes[]> = {}
    for (const name of [...Object.keys(known), ...Object.keys(REQUESTS)]) {
      // Once unmeasured: the disk cache and V8's compile cache are warm for all, as on a node that ran it before.
      await warm(known[name] ?? (await commandOf(name)), signal)
      times[name] = []
    }
    for (let round = 1; round <= ROUNDS; round++) {
      note(`round ${round} of ${ROUNDS}`)
      for (const [name, runs] of Object.entries(times)) {
        signal.throwIfAborted()
        runs.push(await timeStart(known[name] ?? (await commandOf(name))))
      }
    }
    return toRows(times)
  } finally {
    await platform.close()
    await rm(directory, { recursive: true, force: true })
  }
}

function toRows(times: Record<string, StartTimes[]>): BenchRow[] {
  const medians = Object.entries(times).map(([name, runs]) => ({
    name,
    ready: median(runs.map(({ readyMs }) => readyMs)),
    first: median(runs.map(({ firstMs }) => firstMs)),
  }))
  const floor = medians.find(({ name }) => name === FLOOR)
  return medians.map(({ name, ready, first }) => {
    const kind: BenchRow['kind'] = name === FLOOR ? 'floor' : name in REQUESTS ? 'ours' : 'peer'
    const row: BenchRow = {
      name,
      kind,
      ratio: round(ready / (floor?.ready ?? Number.NaN)),
      first_ratio: round(first / (floor?.first ?? Number.NaN)),
      ready_ms: round(ready),
      first_ms: round(first),
    }
    return kind === 'ours' ? judge(row, BUDGET) : row
  })
}

const FLOOR = 'bare node'

function peers(): Record<string, ServerCommand> {
  const peer = (...args: string[]): ServerCommand => ({
    args,
    env: {},
    request: { method: 'GET', path: '/' },
    status: 200,
  })
  const at = (file: string): string => join(ROOT, 'test/bench/peers', file)
  return {
    [FLOOR]: peer(at('bare-node.cjs')),
    'hono hello': peer(at('hono-hello.mjs')),
    'functions-framework hello': peer(
      join(ROOT, 'node_modules/@google-cloud/functions-framework/build/src/main.js'),
      '--target=hello',
      `--source=${at('functions-framework-hello.cjs')}`,
    ),
    'faas-js-runtime hello': peer(at('faas-hello.cjs')),
  }
}
