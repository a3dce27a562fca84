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
import { startPlatform } from './local/platform.ts'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
/** Beyond the stable window, the grace period and every retry, so that nothing has a reason to stay. */
const IDLE_MS = 180_000

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

let close = async (): Promise<void> => {}
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
  process.stderr.write(`\nthe demo failed: ${error instanceof Error ? error.message : error}\n`)
} finally {
  await close()
}
process.exit()

async function findOrStart(): Promise<{ env: Record<string, string>; own: boolean }> {
  const file = join(STATE, 'env')
  if (existsSync(file)) {
    const env = readEnv(file)
    if (await answers(env.GATEWAY_URL)) return { env, own: false }
  }
  const platform = await startPlatform({
    root: ROOT,
    stateDirectory: STATE,
    fresh: false,
    // A demo of its own must not take the port that somebody expects the platform at.
    port: 0,
    timeScale: 1,
    log: createLog({ write: () => {} }),
    environment: process.env,
  })
  close = platform.close
  return { env: platform.env, own: true }
}

async function answers(url: string | undefined): Promise<boolean> {
  try {
    const response = await fetch(`${url}/_emulator/clock`, { signal: AbortSignal.timeout(2_000) })
    return response.ok
  } catch {
    return false
  }
}

/** Turns the clock instead of waiting for it: the same rules, in seconds. */
async function showScaleToZero(url: string): Promise<void> {
  process.stdout.write('\n── nobody asks any more: the clock is turned on by three minutes\n')
  for (let turn = 0; turn < 30; turn++) {
    await fetch(`${url}/_emulator/clock/advance?ms=${IDLE_MS / 10}`, { method: 'POST' })
    const left = await countReplicas(url)
    if (left === 0) {
      process.stdout.write('   every function is at zero processes\n')
      return
    }
    await new Promise(resolve => setTimeout(resolve, 200))
  }
  throw new Error(`${await countReplicas(url)} function processes are still there`)
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
