/** Whether the bundles are newer than every source: a second start builds nothing. */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DIST } from '../build.ts'
import { writeFileAtomically } from './write-file.ts'

/** All that can change a bundle. */
const SOURCES = ['functions', 'shared', 'scripts/build.ts', 'package.json', 'package-lock.json']
const STAMP = join(DIST, 'stamp')

/** A digest of names, sizes and times of all sources below `root`. */
export function stampOf(root: string): string {
  const hash = createHash('sha256')
  const add = (path: string): void => {
    const { mtimeMs, size } = statSync(path)
    hash.update(`${path} ${size} ${mtimeMs}\n`)
  }
  for (const source of SOURCES) {
    const path = join(root, source)
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
      if (existsSync(path)) add(path)
      continue
    }
    for (const entry of readdirSync(path, { recursive: true, withFileTypes: true })) {
      if (entry.isFile()) add(join(entry.parentPath, entry.name))
    }
  }
  return hash.digest('hex')
}

/** Whether bundles were made from what `stamp` tells of. */
export function isBuilt(stamp: string): boolean {
  try {
    return readFileSync(STAMP, 'utf8') === stamp
  } catch {
    return false
  }
}

/** Tells the next start that the bundles are those of `stamp`. */
export function markBuilt(stamp: string): void {
  writeFileAtomically(STAMP, stamp, 0o644)
}
