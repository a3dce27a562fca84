/** Runs the platform in the foreground: from the command line to the last process stopped. */
import { flushCompileCache } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createLog } from '../emulator/log.ts'
import { parseArguments, type StartArguments, USAGE } from './arguments.ts'
import { type Platform, startPlatform } from './platform.ts'
import { toScreen } from './screen.ts'
import { watchFunctions } from './watch.ts'

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** Starts, shows the screen, and stays until a signal. A start that fails says why and exits with 1. */
export async function run(args: string[], { watch }: { watch: boolean }): Promise<void> {
  const options = readArguments(args)
  if (options.help) {
    process.stdout.write(USAGE)
    return
  }
  const log = createLog({ json: options.json })
  const stopper = createStopper()
  const begun = performance.now()
  const platform = await startPlatform({
    root: ROOT,
    environment: process.env,
    log,
    signal: stopper.signal,
    ...options,
  }).catch((error: unknown) => (stopper.signal.aborted ? stopper.exit() : fail(error)))
  stopper.onStop(platform.close)
  announce(platform, options, performance.now() - begun)
  if (watch) stopper.onStop(watchFunctions(ROOT, platform, log))
}

function readArguments(args: string[]): StartArguments {
  try {
    return parseArguments(args, ROOT)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${USAGE}`)
    process.exit(2)
  }
}

/** The machine form names the same facts as the screen; neither shows a secret. */
function announce(platform: Platform, options: StartArguments, readyMs: number): void {
  // Node would keep what it compiled at the exit only, and a kill -9 has none.
  setImmediate(flushCompileCache)
  if (!options.json) {
    process.stdout.write(`${toScreen(platform, readyMs, options.stateDirectory)}\n`)
    return
  }
  const { emulator, envFile, env, stores } = platform
  const ready = {
    event: 'ready',
    ready_ms: Math.round(readyMs),
    gateway_url: env.GATEWAY_URL,
    ...(env.GATEWAY_TLS_URL && {
      gateway_tls_url: env.GATEWAY_TLS_URL,
      ca_file: env.AIWFE_CA_FILE,
    }),
    broker_url: env.BROKER_URL,
    port: emulator.port,
    env_file: envFile,
    kubeconfig: env.KUBECONFIG,
    state_dir: options.stateDirectory,
    stores: stores.kinds,
    functions: emulator.serving.status().map(({ name, url }) => ({ name, url })),
  }
  process.stdout.write(`${JSON.stringify(ready)}\n`)
}

/** A message for the user; the stack only when it is no mistake of theirs. */
function fail(error: unknown): never {
  const text = error instanceof Error ? error.message : String(error)
  process.stderr.write(`aiwfe cannot start\n${text}\n`)
  if (process.env.AIWFE_DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`)
  process.exit(1)
}

interface Stopper {
  /** Aborted by the first signal: a start that is still going on ends and closes what it had opened. */
  signal: AbortSignal
  onStop(task: () => Promise<unknown> | unknown): void
  /** Ends the process with the status of the signal that stopped it. */
  exit(): never
}

const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const

/** Stops once on the first signal, or when the process that started us is gone; a later signal ends at once. */
function createStopper(): Stopper {
  const tasks: (() => Promise<unknown> | unknown)[] = []
  const controller = new AbortController()
  let stoppingSince: number | undefined
  let status = 0

  async function stop(code: number): Promise<void> {
    if (stoppingSince !== undefined) {
      // A terminal and the parent each send the same signal; only a person's second one is impatience.
      if (performance.now() - stoppingSince > 1_000) process.exit(1)
      return
    }
    stoppingSince = performance.now()
    // Before it is ready nothing is registered: the start itself closes what it had opened, and ends the process.
    const starting = tasks.length === 0
    status = starting ? code : 0
    controller.abort()
    if (starting) return
    for (const task of tasks.reverse()) {
      try {
        await task()
      } catch (error) {
        process.stderr.write(`while stopping: ${error instanceof Error ? error.message : error}\n`)
        status = 1
      }
    }
    process.exit(status)
  }

  for (const [name, code] of Object.entries(SIGNALS)) process.on(name, () => void stop(code))
  process.on('disconnect', () => void stop(0))
  return {
    signal: controller.signal,
    onStop: task => void tasks.push(task),
    exit: () => process.exit(status),
  }
}
