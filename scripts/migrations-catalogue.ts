/** Reads the migrations of all functions, checked, for the build to put into the bundle of `migrations`. */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { compareMigrations, fileOf, type Migration } from '../functions/migrations/catalogue.ts'

const FILE = /^(\d{4})_([a-z0-9_]+)\.(up|down)\.sql$/
/** Each migration is one transaction of the runner's; its text may not end it. */
const TRANSACTION = /^\s*(begin|commit|rollback|abort|end|start\s+transaction)(\s+work)?\s*;/im

/**
 * All migrations below `root`, in the order in which they are applied.
 * @throws Error that lists every file with a wrong name, without its partner, or with a version twice
 */
export async function collectMigrations(root: string): Promise<Migration[]> {
  const functions = await readdir(join(root, 'functions'), { withFileTypes: true })
  const found: Migration[] = []
  const problems: string[] = []
  for (const entry of functions) {
    if (!entry.isDirectory()) continue
    found.push(...(await readFolder(root, entry.name, problems)))
  }
  if (problems.length > 0) {
    throw new Error(`migrations cannot be read:\n${problems.map(line => `  ${line}`).join('\n')}`)
  }
  return found.sort(compareMigrations)
}

async function readFolder(root: string, owner: string, problems: string[]): Promise<Migration[]> {
  const folder = join(root, 'functions', owner, 'migrations')
  const names = (await readdir(folder).catch(() => [])).filter(name => name.endsWith('.sql'))
  const migrations = new Map<number, Migration>()
  for (const file of names.sort().reverse()) {
    const [, version = '', name = '', direction] = FILE.exec(file) ?? []
    const site = `functions/${owner}/migrations/${file}`
    if (!direction) {
      problems.push(`"${site}" must be named NNNN_name.up.sql or NNNN_name.down.sql`)
      continue
    }
    const text = await readFile(join(folder, file), 'utf8')
    // In plpgsql `end;` closes a block, and such a body stands between dollar signs.
    if (TRANSACTION.test(text.replaceAll(/\$(\w*)\$[\s\S]*?\$\1\$/g, ''))) {
      problems.push(`"${site}" must leave the transaction alone, got begin, commit or rollback`)
    }
    const known = migrations.get(Number(version))
    if (known && known.name !== name) {
      problems.push(`"${site}" must have a version of its own, got that of ${known.name}`)
    } else if (direction === 'up') {
      const checksum = createHash('sha256').update(text).digest('hex')
      const down = null
      migrations.set(Number(version), {
        function: owner,
        version: Number(version),
        name,
        up: text,
        down,
        checksum,
      })
    } else if (known) known.down = text
    else problems.push(`"${site}" must have its up: the file ${file.replace('.down.', '.up.')}`)
  }
  for (const migration of migrations.values()) {
    if (migration.down === null) {
      problems.push(`"${fileOf(migration, 'up')}" must have its down: write the way back`)
    }
  }
  return [...migrations.values()]
}
