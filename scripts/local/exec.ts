/** Runs a command with the environment of the platform that runs. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { readKubeconfig } from '../emulator/api/kubernetes/kubeconfig.ts'
import { readEnv } from './env-file.ts'
import type { ExecArguments } from './exec-arguments.ts'
import { toPostgresEnvironment } from './postgres-environment.ts'

/** A mistake of the user: told without a stack. */
export class ExecError extends Error {
  override readonly name = 'ExecError'
}

/** As a shell has it. */
const STATUS_NOT_FOUND = 127
const STATUS_NOT_EXECUTABLE = 126
/** Whoever has the port now may not answer at all. */
const ANSWER_MS = 10_000
const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const

/**
 * What the command gets beside what is there already.
 * @throws ExecError when no platform runs on the folder, or there is no such function
 */
export async function readPlatformEnvironment({
  stateDirectory,
  service,
}: Pick<ExecArguments, 'stateDirectory' | 'service'>): Promise<Record<string, string>> {
  const file = join(stateDirectory, 'env')
  const env = existsSync(file) ? readEnv(file) : {}
  const url = env.GATEWAY_URL
  // Both need the token: another platform that has the port by now does not know it.
  const path =
    service === undefined
      ? '/_kubernetes/version'
      : `/_emulator/environment?${new URLSearchParams({ service }).toString()}`
  const response =
    url === undefined
      ? undefined
      : await ask(`${url}${path}`, stateDirectory).catch(() => undefined)
  if (!response || response.status === 401 || (!response.ok && service === undefined)) {
    throw new ExecError(
      `nothing runs on ${stateDirectory}: start it with npm start, or name its folder with --state-dir`,
    )
  }
  if (!response.ok) {
    throw new ExecError(`"--service" must name a function that runs, got ${service ?? 'nothing'}`)
  }
  const { environment = {} } = (await response.json()) as { environment?: Record<string, string> }
  const all = { ...env, ...environment }
  return { ...toPostgresEnvironment(all.DATABASE_URL), ...all }
}

/** Runs it to its end; resolves with its status as a shell tells it. Signals go on to it. */
export function runCommand(
  [command = '', ...args]: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  let child: ChildProcess | undefined
  // Before it is started: a signal just then would end this process alone.
  const stops = FORWARDED.map(signal => {
    // A terminal sends it to the command as well: once is enough.
    const listener = (): void => {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child?.kill(signal)
    }
    process.on(signal, listener)
    return () => process.off(signal, listener)
  })
  const started = spawn(command, args, { stdio: 'inherit', env })
  child = started
  // Who started this process is gone.
  process.once('disconnect', () => started.kill())
  return new Promise<number>(resolve => {
    started.once('error', (error: NodeJS.ErrnoException) => {
      const isMissing = error.code === 'ENOENT'
      process.stderr.write(
        `${command}: ${isMissing ? 'there is no such command' : `cannot be run (${error.code})`}\n`,
      )
      resolve(isMissing ? STATUS_NOT_FOUND : STATUS_NOT_EXECUTABLE)
    })
    started.once('exit', (code, signal) => {
      resolve(code ?? 128 + (signal ? constants.signals[signal] : 0))
    })
  }).finally(() => {
    for (const stop of stops) stop()
  })
}

/** The token is kept where kubectl finds it. */
function ask(url: string, stateDirectory: string): Promise<Response> {
  const { token } = readKubeconfig(readFileSync(join(stateDirectory, 'kubeconfig'), 'utf8'))
  return fetch(url, {
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(ANSWER_MS),
  })
}
