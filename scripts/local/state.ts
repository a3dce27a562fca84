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

/** Everything that a state folder may hold; `--fresh` deletes nothing else, so that a slip costs nobody a folder. */
const OURS =
  /^(lock|lock-journal|owner|env|kubeconfig|ports\.json|secrets\.json|events|stores|tls|trash-\d+)$/
const LOCK_FILES = /^(lock|lock-journal|owner)$/
const TRASH = /^trash-\d+$/

/**
 * Opens (and with `fresh` empties) the folder.
 * @throws Error that names the folder when another process uses it, it cannot be written, or it is not ours to empty
 */
export function openState(directory: string, { fresh }: { fresh: boolean }): State {
  if (fresh) assertOurs(directory)
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw new Error(`"${directory}" cannot be made: choose another --state-dir`, { cause })
  }
  const lock: DirectoryLock = lockDirectory(directory)
  if (fresh) moveAside(directory)
  removeTrash(directory)
  const file = join(directory, 'ports.json')
  return {
    directory,
    ports: readPorts(file),
    rememberPorts: ports => writeFileAtomically(file, JSON.stringify(ports), 0o600),
    close: () => lock.release(),
  }
}

function assertOurs(directory: string): void {
  const foreign = existsSync(directory)
    ? readdirSync(directory).find(name => !OURS.test(name))
    : undefined
  if (foreign === undefined) return
  throw new Error(
    `"${directory}" is not emptied: it holds "${foreign}", which is not of a state folder. Choose another --state-dir, or empty it yourself`,
  )
}

/** Into one folder first: what a crash leaves of it is removed at the next start. */
function moveAside(directory: string): void {
  const trash = join(directory, `trash-${process.pid}`)
  mkdirSync(trash, { recursive: true })
  for (const name of readdirSync(directory)) {
    if (!LOCK_FILES.test(name) && !TRASH.test(name))
      renameSync(join(directory, name), join(trash, name))
  }
}

function removeTrash(directory: string): void {
  for (const name of readdirSync(directory)) {
    if (TRASH.test(name)) rmSync(join(directory, name), { recursive: true, force: true })
  }
}

/** Only wishes: any free port serves as well. */
function readPorts(file: string): Record<string, number> {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'))
    const entries = Object.entries(value ?? {}).filter(([, port]) => Number.isInteger(port))
    return Object.fromEntries(entries) as Record<string, number>
  } catch {
    return {}
  }
}
