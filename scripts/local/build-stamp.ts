/** Whether the bundles are newer than every source: a second start builds nothing. */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DIST } from '../build.ts'
import { writeFileAtomically } from './write-file.ts'

/** All that can change a bundle. */
const SOURCES = [
  'functions',
  'shared',
  'scripts/build.ts',
  'scripts/migrations-catalogue.ts',
  'package.json',
  'package-lock.json',
]
const RECORD = join(DIST, 'built.json')

/** Digests of the bundles, by function. */
export type Digests = Record<string, string>

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

/** The digests of what was built from `stamp`; undefined when that was something else, or nothing. */
export function readBuilt(stamp: string): Digests | undefined {
  try {
    const record = JSON.parse(readFileSync(RECORD, 'utf8')) as { stamp?: string; digests?: Digests }
    return record.stamp === stamp ? record.digests : undefined
  } catch {
    return undefined
  }
}

/** Tells the next start what was built from `stamp`. */
export function writeBuilt(stamp: string, digests: Digests): void {
  writeFileAtomically(RECORD, JSON.stringify({ stamp, digests }), 0o644)
}
