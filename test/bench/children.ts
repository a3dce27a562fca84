/** Servers of other makes as children: each leads a process group that ends with us, however we end. */
import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { createProcessGuard } from '../../scripts/emulator/serving/guard.ts'

/** A running child. */
export interface Child {
  readonly process: ChildProcess
  /** The end of what it printed. */
  output(): string
  /** Kills its group and resolves when it is gone. */
  kill(): Promise<void>
}

/** Starts children and ends them together. */
export interface Children {
  start(
    command: string,
    args: readonly string[],
    options?: { readonly env?: Record<string, string>; readonly cwd?: string },
  ): Child
  /** Kills what is left. */
  close(): Promise<void>
}

/** Debian keeps servers out of a user's PATH. */
const MORE_FOLDERS = ['/usr/sbin', '/usr/local/sbin']
const KEPT_OUTPUT = 4_000

/** Where a program is, or undefined when this machine has none. */
export function findProgram(name: string, folders: readonly string[] = []): string | undefined {
  const path = (process.env.PATH ?? '').split(delimiter)
  return [...folders, ...path, ...MORE_FOLDERS].map(folder => join(folder, name)).find(isExecutable)
}

/** An empty family. */
export function createChildren(): Children {
  const guard = createProcessGuard()
  const alive = new Set<Child>()
  let closed = false

  function start(
    command: string,
    args: readonly string[],
    { env = {}, cwd }: { env?: Record<string, string>; cwd?: string } = {},
  ): Child {
    // Nobody would end it any more.
    if (closed) throw new Error(`${command} was started after everything was closed`)
    const child = spawn(command, args, {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH ?? '', ...guard.environment, ...env },
      ...(cwd !== undefined && { cwd }),
    })
    const { pid } = child
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', chunk => {
        output = (output + chunk).slice(-KEPT_OUTPUT)
      })
    }
    const exited = new Promise<void>(resolve => {
      child.once('exit', () => resolve())
      child.once('error', error => {
        output += error
        resolve()
      })
    })
    if (pid !== undefined) guard.add(pid)
    const entry: Child = {
      process: child,
      output: () => output,
      async kill() {
        alive.delete(entry)
        killGroup(pid)
        await exited
        if (pid !== undefined) guard.remove(pid)
      },
    }
    alive.add(entry)
    return entry
  }

  return {
    start,
    async close() {
      closed = true
      await Promise.all([...alive].map(child => child.kill()))
      await guard.close()
    },
  }
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // It is gone already.
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
