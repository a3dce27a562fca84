/** The state folder: one process owns it, `--fresh` empties it, ports are remembered in it. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type DirectoryLock, lockDirectory } from '../emulator/stores/lock.ts'
import { writeFileAtomically } from './write-file.ts'

/** An open state folder. */
export interface State {
  directory: string
  /** Ports of the last time, by store. */
  ports: Record<string, number>
  rememberPorts(ports: Record<string, number>): void
  close(): void
}

/** What `--fresh` must not touch: it is held open. */
const LOCK_FILES = /^(lock|owner)/

/**
 * Opens (and with `fresh` empties) the folder.
 * @throws Error that names the folder when another process uses it or it cannot be written
 */
export function openState(directory: string, { fresh }: { fresh: boolean }): State {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw new Error(`"${directory}" cannot be made: choose another --state-dir`, { cause })
  }
  const lock: DirectoryLock = lockDirectory(directory)
  if (fresh) empty(directory)
  const file = join(directory, 'ports.json')
  return {
    directory,
    ports: readPorts(file),
    rememberPorts: ports => writeFileAtomically(file, JSON.stringify(ports), 0o600),
    close: () => lock.release(),
  }
}

/** Moves everything aside first, so that a crash half way leaves no half state. */
function empty(directory: string): void {
  const trash = join(directory, `trash-${process.pid}`)
  mkdirSync(trash, { recursive: true })
  for (const entry of readdirSync(directory)) {
    if (LOCK_FILES.test(entry) || entry === `trash-${process.pid}`) continue
    renameSync(join(directory, entry), join(trash, entry))
  }
  rmSync(trash, { recursive: true, force: true })
}

function readPorts(file: string): Record<string, number> {
  if (!existsSync(file)) return {}
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, number>
  } catch {
    // Only a wish: any free port serves as well.
    return {}
  }
}
