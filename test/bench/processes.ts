/** Starts a server process and says when its port opened and when its first answer came. */
import { type ChildProcess, spawn } from 'node:child_process'
import { request } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { freePort, untilOpen } from '../fixtures/ports.ts'

/** How to start a server, and what to ask it. */
export interface ServerCommand {
  args: string[]
  env: Record<string, string>
  /** The first request. */
  request: { method: string; path: string; headers?: Record<string, string>; body?: string }
  /** The status that counts as an answer. */
  status: number
}

/** Milliseconds since the spawn. */
export interface StartTimes {
  readyMs: number
  firstMs: number
}

const LIMIT_MS = 15_000

/**
 * Spawns, waits for the port, asks once, and kills.
 * @throws Error with what the process printed when it does not answer as expected
 */
export async function timeStart(command: ServerCommand): Promise<StartTimes> {
  const port = await freePort()
  const begun = performance.now()
  const child = start(command, port)
  let output = ''
  child.stderr?.on('data', chunk => {
    output += chunk
  })
  child.stdout?.on('data', chunk => {
    output += chunk
  })
  try {
    await untilOpen(port, begun)
    const readyMs = performance.now() - begun
    const status = await ask(port, command.request)
    const firstMs = performance.now() - begun
    if (status !== command.status) throw new Error(`answered ${status}`)
    return { readyMs, firstMs }
  } catch (error) {
    throw new Error(`${command.args.join(' ')}: ${error}\n${output}`)
  } finally {
    child.kill('SIGKILL')
    await new Promise(resolve => child.once('exit', resolve))
  }
}

/** Starts the process with only the environment that it is given. */
export function start(
  { args, env }: Pick<ServerCommand, 'args' | 'env'>,
  port: number,
): ChildProcess {
  return untilExit(
    spawn(process.execPath, args, {
      env: { PATH: process.env.PATH ?? '', ...env, PORT: String(port) },
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  )
}

/** Kills the process with this one, also when that ends without closing anything. */
export function untilExit<T extends ChildProcess>(child: T): T {
  const kill = (): void => void child.kill('SIGKILL')
  process.once('exit', kill)
  child.once('exit', () => process.off('exit', kill))
  return child
}

/** One request on a connection of its own; resolves to the status when the whole body has come. */
export function ask(
  port: number,
  { method, path, headers, body }: ServerCommand['request'],
): Promise<number> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: '127.0.0.1', port, method, path, headers, agent: false },
      incoming => {
        incoming.resume()
        incoming.on('end', () => resolve(incoming.statusCode ?? 0))
      },
    )
    outgoing.on('error', reject)
    outgoing.setTimeout(LIMIT_MS, () => outgoing.destroy(new Error('no answer in time')))
    outgoing.end(body)
  })
}

/** Starts once and stays until the compile cache is written (2 s after the start, see `scripts/build.ts`). */
export async function warm(server: ServerCommand, signal: AbortSignal): Promise<void> {
  const port = await freePort()
  const child = start(server, port)
  try {
    await untilOpen(port)
    await ask(port, server.request)
    await wait(2_500, undefined, { signal })
  } finally {
    child.kill('SIGKILL')
    await new Promise(resolve => child.once('exit', resolve))
  }
}
