/** A function as a real process: how it starts, and how it ends. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { Agent, get, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { freePort, isOpen } from '../fixtures/ports.ts'

const FILE = new URL('serve-process.ts', import.meta.url).pathname
const KEY = { kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43) }
const SOON_MS = 10_000
let child: ChildProcess | undefined

afterEach(() => {
  child?.kill('SIGKILL')
})

test('a connection that is busy at SIGTERM gets its answer, then the process ends', async () => {
  const { port, asked, exited } = await start()
  const agent = new Agent({ keepAlive: true })
  const answer = ask(port, '/slow', agent)
  await asked
  child?.kill('SIGTERM')
  await untilRefused(port)
  child?.stdin?.write('go\n')
  expect(await answer).toEqual({ status: 200, text: '{"slow":true}', connection: 'close' })
  expect(await within(exited)).toBe(0)
  agent.destroy()
})

test('neither an idle connection nor one that never asked anything delays the end', async () => {
  const { port, exited } = await start()
  const silent = connect(port, '127.0.0.1')
  silent.on('error', () => {})
  await once(silent, 'connect')
  const agent = new Agent({ keepAlive: true })
  expect((await ask(port, '/health/live', agent)).status).toBe(200)
  child?.kill('SIGTERM')
  expect(await within(exited)).toBe(0)
  agent.destroy()
  silent.destroy()
})

test('a key that is none ends the start with what is wrong, and does not repeat it', async () => {
  const { exited, errors } = await start({ SERVICE_KEY: '{"d":"hunter2"' })
  expect(await within(exited)).toBe(1)
  expect(errors()).toContain('"SERVICE_KEY" must be a private Ed25519 key as a JWK')
  expect(errors()).not.toContain('hunter2')
})

interface Running {
  port: number
  /** Resolves when the slow route is being asked. */
  asked: Promise<void>
  exited: Promise<number | null>
  errors(): string
}

/** `LISTEN_ADDRESS` is unset, as in a cluster. */
async function start(env: Record<string, string> = {}): Promise<Running> {
  const port = await freePort()
  let output = ''
  let errors = ''
  const process_ = spawn(process.execPath, [FILE], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      PORT: String(port),
      SERVICE_KEY: JSON.stringify({ ...KEY, d: 'A'.repeat(43) }),
      SERVICE_JWKS: JSON.stringify({ keys: [{ ...KEY, kid: 'slow' }] }),
      ...env,
    },
  })
  child = process_
  process_.stderr.on('data', chunk => {
    errors += chunk
  })
  const asked = new Promise<void>(resolve => {
    process_.stdout.on('data', chunk => {
      output += chunk
      if (output.includes('asked')) resolve()
    })
  })
  const exited = once(process_, 'close').then(([code]) => code as number | null)
  const begun = performance.now()
  while (process_.exitCode === null && !(await isOpen(port))) {
    if (performance.now() - begun > SOON_MS) throw new Error(`nothing listens: ${errors}`)
    await pause()
  }
  return { port, asked, exited, errors: () => errors }
}

interface Answer {
  status: number
  text: string
  connection: string | undefined
}

function ask(port: number, path: string, agent: Agent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const read = async (response: IncomingMessage): Promise<void> => {
      const text = Buffer.concat(await response.toArray()).toString()
      const { connection } = response.headers
      resolve({ status: response.statusCode ?? 0, text, connection })
    }
    get({ host: '127.0.0.1', port, path, agent }, response => {
      read(response).catch(reject)
    }).on('error', reject)
  })
}

async function untilRefused(port: number): Promise<void> {
  const begun = performance.now()
  while (await isOpen(port)) {
    if (performance.now() - begun > SOON_MS) throw new Error('it still listens')
    await pause()
  }
}

const pause = (): Promise<void> => new Promise(resolve => setTimeout(resolve, 20))

async function within<T>(task: Promise<T>): Promise<T> {
  const late = AbortSignal.timeout(SOON_MS)
  return Promise.race([
    task,
    once(late, 'abort').then(() => Promise.reject(new Error('it has not ended'))),
  ]) as Promise<T>
}
