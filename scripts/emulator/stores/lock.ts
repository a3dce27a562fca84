/** One process per store folder: a lock that the kernel releases even after kill -9. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** Holds a folder until released. */
export interface DirectoryLock {
  release(): void
}

/**
 * Locks `directory`, making it when absent. SQLite's exclusive transaction is the one file lock that Node offers on
 * every system; a pid file would outlive a killed process.
 * @throws Error that names the folder and the process that holds it
 */
export function lockDirectory(directory: string): DirectoryLock {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const owner = join(directory, 'owner')
  const database = new DatabaseSync(join(directory, 'lock'), { timeout: 0 })
  try {
    database.exec('PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE')
  } catch (cause) {
    database.close()
    throw new Error(
      `"${directory}" must be free, got a folder in use by process ${readOwner(owner)}: stop it, or choose another --state-dir`,
      { cause },
    )
  }
  writeFileSync(owner, String(process.pid), { mode: 0o600 })
  let held = true
  return {
    release() {
      if (!held) return
      held = false
      rmSync(owner, { force: true })
      database.close()
    },
  }
}

function readOwner(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim() || 'unknown'
  } catch {
    return 'unknown'
  }
}
