/** What the operating system says of processes: whose they are, their memory, their open files. Linux only. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'

/** Whether this machine can be asked at all. */
export const hasProc: boolean = existsSync('/proc/self/environ')

/** Processes that live and have all of these `NAME=value` in their environment. */
export function processesWith(variables: readonly string[]): number[] {
  return pids().filter(pid => {
    const environment = read(`/proc/${pid}/environ`)?.split('\0')
    return environment !== undefined && variables.every(each => environment.includes(each))
  })
}

/** Resident memory in MiB; undefined when the process is gone. */
export function residentMib(pid: number): number | undefined {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1]
  return kib === undefined ? undefined : Number(kib) / 1_024
}

/** How many files and sockets it has open; undefined when the process is gone. */
export function openFiles(pid: number): number | undefined {
  try {
    return readdirSync(`/proc/${pid}/fd`).length
  } catch {
    return undefined
  }
}

const pids = (): number[] =>
  hasProc ? readdirSync('/proc').map(Number).filter(Number.isInteger) : []

/** A process may end between the listing and the reading. */
function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
