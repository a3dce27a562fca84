/** `npm run demo`: plays a real conversation and a real alert through the platform, and proves what it shows. */
import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { createLog } from './emulator/log.ts'
import { playAlert } from './local/demo-alert.ts'
import { playConversation } from './local/demo-conversation.ts'
import { createNarrator } from './local/demo-narrator.ts'
import { readEnv } from './local/env-file.ts'
import { onStop } from './local/on-stop.ts'
import { type Platform, startPlatform } from './local/platform.ts'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
/** One step of the clock; a stable window and a grace period are several. */
const TURN_MS = 18_000
/** Beyond the stable window, the grace period and every retry, so that nothing has a reason to stay. */
const MAX_TURNED_MS = 9 * 60_000
/** Two cold starts, on a busy machine. */
const LOGIN_TIMEOUT_MS = 15_000

const USAGE = `usage: npm run demo -- [--state-dir <dir>]

Uses the platform that runs on that state folder (default .aiwfe), or starts one for the time of the demo.
`
const { values } = parseArgs({
  options: {
    'state-dir': { type: 'string', default: join(ROOT, '.aiwfe') },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
if (values.help) {
  process.stdout.write(USAGE)
  process.exit(0)
}
const STATE = resolve(values['state-dir'])

const stopping = new AbortController()
let starting: Promise<Platform> | undefined
let closing: Promise<void> | undefined
onStop(async () => {
  stopping.abort()
  await close()
})

try {
  const { env, own } = await findOrStart()
  const narrator = await createNarrator(env.GATEWAY_URL ?? '')
  narrator.say(own ? 'started the platform' : 'using the platform that is running')
  await playConversation(env, narrator)
  await playAlert(env, narrator)
  await showScaleToZero(env.GATEWAY_URL ?? '')
  narrator.say('done')
  narrator.close()
} catch (error) {
  process.exitCode = 1
  // Who stopped the demo knows why it did not end well.
  if (!stopping.signal.aborted) {
    const why = error instanceof Error ? error.message : error
    process.stderr.write(`\nthe demo failed: ${why}\n`)
  }
}
if (!stopping.signal.aborted) {
  await close()
  process.exit()
}

async function findOrStart(): Promise<{ env: Record<string, string>; own: boolean }> {
  const file = join(STATE, 'env')
  if (existsSync(file)) {
    const env = readEnv(file)
    if (await isOurs(env)) return { env, own: false }
  }
  starting = startPlatform({
    root: ROOT,
    stateDirectory: STATE,
    fresh: false,
    // A demo of its own must not take the port that somebody expects the platform at.
    port: 0,
    timeScale: 1,
    log: createLog({ write: () => {} }),
    environment: process.env,
    signal: stopping.signal,
  })
  const { env } = await starting
  return { env, own: true }
}

/** Once, whoever asks. A start that is going on ends by the signal, and closes what it had opened itself. */
function close(): Promise<void> {
  closing ??= (async () => (await starting?.catch(() => undefined))?.close())()
  return closing
}

/** The address may be another platform's by now: only ours knows the password that this state folder keeps. */
async function isOurs(env: Record<string, string>): Promise<boolean> {
  try {
    const response = await fetch(`${env.GATEWAY_URL}/api/v1/auth/jwt/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: env.ADMIN_EMAIL, password: env.ADMIN_PASSWORD }),
      signal: AbortSignal.timeout(LOGIN_TIMEOUT_MS),
    })
    return response.ok && (await hasClock(env.GATEWAY_URL))
  } catch {
    return false
  }
}

async function hasClock(url: string | undefined): Promise<boolean> {
  const response = await fetch(`${url}/_emulator/clock`, { signal: AbortSignal.timeout(2_000) })
  return response.ok
}

/** Turns the clock instead of waiting for it: the same rules, in seconds. */
async function showScaleToZero(url: string): Promise<void> {
  process.stdout.write(
    `\n── nobody asks any more: the clock is turned on in steps of ${TURN_MS / 1_000} s\n`,
  )
  for (let turned = TURN_MS; turned <= MAX_TURNED_MS; turned += TURN_MS) {
    await fetch(`${url}/_emulator/clock/advance?ms=${TURN_MS}`, { method: 'POST' })
    if ((await countReplicas(url)) === 0) {
      process.stdout.write(
        `   every function is at zero processes after ${turned / 1_000} s on that clock\n`,
      )
      return
    }
    await new Promise(resolve => setTimeout(resolve, 200))
  }
  throw new Error(
    `${await countReplicas(url)} function processes are still there, ${MAX_TURNED_MS / 60_000} minutes later on that clock`,
  )
}

async function countReplicas(url: string): Promise<number> {
  const response = await fetch(`${url}/_emulator/functions`)
  const { functions } = (await response.json()) as {
    functions: { replicas: { ready: number; starting: number; draining: number } }[]
  }
  return functions.reduce(
    (sum, { replicas }) => sum + replicas.ready + replicas.starting + replicas.draining,
    0,
  )
}
