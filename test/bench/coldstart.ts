/** Cold start of every function beside bare node and its peers, interleaved: spawn to ready, spawn to first answer. */
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createLog } from '../../scripts/emulator/log.ts'
import { type Platform, startPlatform } from '../../scripts/local/platform.ts'
import { createIdentity } from '../../shared/identity.ts'
import { type Principal, permissionsOf } from '../../shared/principal.ts'
import { login } from './login.ts'
import {
  ask,
  freePort,
  type ServerCommand,
  type StartTimes,
  start,
  timeStart,
  untilOpen,
} from './processes.ts'
import { type BenchContext, type BenchRow, type Budget, judge, median, round } from './rows.ts'

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const ROUNDS = 15
const BUDGET: Budget = { ratio: { max: 1.5 }, first_ratio: { max: 2.2 } }

/** The first request of each function: one that goes through to the stores which the function owns or uses. */
const REQUESTS: Record<string, { method: string; path: string; body?: object; status: number }> = {
  auth: { method: 'GET', path: '/api/v1/auth/sessions', status: 200 },
  chat: { method: 'GET', path: '/api/v1/chat/conversations', status: 200 },
  gateway: { method: 'GET', path: '/api/v1/auth/me', status: 200 },
  inference: {
    method: 'POST',
    path: '/api/v1/inference/embed',
    body: { input: ['what is cold'] },
    status: 200,
  },
  memory: {
    method: 'POST',
    path: '/api/v1/memories/search',
    body: { query: 'what is cold' },
    status: 200,
  },
  migrations: { method: 'GET', path: '/api/v1/migrations/status', status: 200 },
  reasoning: {
    method: 'POST',
    path: '/api/v1/analyze-alert',
    body: {
      alert: { name: 'KubePodCrashLooping', severity: 'critical', namespace: 'a', resource: 'b' },
    },
    status: 200,
  },
}

/** Runs {@link ROUNDS} rounds over all servers, so that a slow moment of the machine hits each of them. */
export async function run({ note, signal }: BenchContext): Promise<BenchRow[]> {
  const directory = await mkdtemp(join(tmpdir(), 'aiwfe-coldstart-'))
  const platform = await startPlatform({
    root: ROOT,
    stateDirectory: directory,
    fresh: true,
    port: 0,
    timeScale: 1,
    log: createLog({ write: () => {} }),
    environment: {},
    signal,
  })
  try {
    const servers = { ...peers(), ...(await functions(platform)) }
    const times: Record<string, StartTimes[]> = {}
    for (const [name, server] of Object.entries(servers)) {
      // Once unmeasured: the disk cache and V8's compile cache are warm for all, as on a node that ran it before.
      await warm(server, signal)
      times[name] = []
    }
    for (let round = 1; round <= ROUNDS; round++) {
      note(`round ${round} of ${ROUNDS}`)
      for (const [name, server] of Object.entries(servers)) {
        signal.throwIfAborted()
        times[name]?.push(await timeStart(server))
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

async function functions(platform: Platform): Promise<Record<string, ServerCommand>> {
  const person = await login(platform)
  const identity = createIdentity({
    service: 'gateway',
    privateKey: platform.secrets.resolve('aiwfe-identity', 'gateway') ?? '',
    publicKeys: platform.secrets.resolve('aiwfe-identity', 'jwks') ?? '',
    clock: { now: Date.now },
  })
  const principal: Principal = {
    sub: person.id,
    kind: 'user',
    service: 'gateway',
    permissions: permissionsOf(['admin']),
    sid: randomUUID(),
  }
  const commands: Record<string, ServerCommand> = {}
  for (const [name, { method, path, body, status }] of Object.entries(REQUESTS)) {
    const token = name === 'gateway' ? person.token : await identity.mint(name, principal)
    commands[name] = {
      ...(await platform.processOf(name)),
      request: {
        method,
        path,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        ...(body && { body: JSON.stringify(body) }),
      },
      status,
    }
  }
  return commands
}

/** Starts once and stays until the compile cache is written (2 s after the start, see `scripts/build.ts`). */
async function warm(server: ServerCommand, signal: AbortSignal): Promise<void> {
  const port = await freePort()
  const child = start(server, port)
  try {
    await untilOpen(port)
    await ask(port, server.request)
    await setTimeout(2_500, undefined, { signal })
  } finally {
    child.kill('SIGKILL')
    await new Promise(resolve => child.once('exit', resolve))
  }
}
