/** A process that listens on no port: a container source or a job, in a process group that outlives nobody. */
import { type ChildProcess, spawn } from 'node:child_process'
import type { ProcessGuard } from '../../serving/guard.ts'
import { createOutputCapture } from '../../serving/output.ts'
import type { RunCommand } from '../../serving/replica.ts'

/** A started process. */
export interface RunningProcess {
  /** Resolves when it and everything it started is gone. */
  readonly ended: Promise<ProcessEnd>
  /** SIGTERM, then after `graceMs` of real time SIGKILL. */
  stop(graceMs: number): Promise<ProcessEnd>
}

/** How a process ended. */
export interface ProcessEnd {
  /** Undefined when it was killed by a signal or could not be started. */
  readonly code?: number
  readonly how: string
  /** Its last lines. */
  readonly tail: readonly string[]
}

/** What is run, and who is told. */
export interface ProcessOptions {
  readonly plan: RunCommand
  readonly environment: Readonly<Record<string, string>>
  readonly guard: ProcessGuard
  readonly onLine: (line: string) => void
  readonly onStarted?: () => void
}

/** Starts it. */
export function runProcess(options: ProcessOptions): RunningProcess {
  const { plan, environment, guard } = options
  const output = createOutputCapture(options.onLine)
  const child = spawn(plan.command, plan.args, {
    cwd: plan.cwd,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...environment, ...guard.environment },
  })
  if (child.pid !== undefined) guard.add(child.pid)
  output.attach(child.stdout)
  output.attach(child.stderr)
  const ended = follow(child, plan.command, output.tail)
  ended.finally(() => {
    if (child.pid !== undefined) guard.remove(child.pid)
  })
  child.once('spawn', () => options.onStarted?.())
  return {
    ended,
    stop(graceMs) {
      child.kill('SIGTERM')
      const force = setTimeout(() => killGroup(child), graceMs)
      return ended.finally(() => clearTimeout(force))
    },
  }
}

/** Grandchildren may hold the output open after the process is gone: the wait for the last lines is short. */
const OUTPUT_GRACE_MS = 250

function follow(child: ChildProcess, command: string, tail: () => string[]): Promise<ProcessEnd> {
  return new Promise(resolve => {
    child.once('error', error => {
      resolve({ how: `cannot run ${command}: ${error.message}`, tail: tail() })
    })
    child.once('exit', (code, signal) => {
      killGroup(child)
      const end = (): void => {
        clearTimeout(patience)
        const how = signal === null ? `exited with code ${code}` : `was killed by ${signal}`
        resolve({ ...(code !== null && { code }), how, tail: tail() })
      }
      const patience = setTimeout(end, OUTPUT_GRACE_MS)
      child.once('close', end)
    })
  })
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // ESRCH: the group is empty already.
  }
}
