/** Decides what there is to do; pure, so a dry run is the plan of a real one. */
import type { DownInput, MigrationStatus } from '../../shared/contracts/migrations.ts'
import { AppError } from '../../shared/errors.ts'
import { compareMigrations, fileOf, type Migration } from './catalogue.ts'
import type { Applied } from './ledger.ts'

type Catalogue = readonly Migration[]

/**
 * What `up` applies, in order.
 * @throws {@link AppError} `conflict` when an applied file was changed, or a pending one lies below an applied one
 */
export function planUp(
  catalogue: Catalogue,
  ledger: readonly Applied[],
  to: string | undefined,
): Migration[] {
  const applied = new Map(ledger.map(row => [keyOf(row), row]))
  const newest = newestOf(ledger)
  const target = to === undefined ? undefined : parseTarget(to, catalogue)
  for (const migration of catalogue) {
    const row = applied.get(keyOf(migration))
    if (row && row.checksum !== migration.checksum) {
      throw new AppError(
        'conflict',
        `${fileOf(migration, 'up')} was changed after it was applied; restore it and write a new migration`,
        { details: { applied: row.checksum, found: migration.checksum } },
      )
    }
    if (!row && migration.version < (newest.get(migration.function) ?? 0)) {
      throw new AppError(
        'conflict',
        `${fileOf(migration, 'up')} must come after version ${newest.get(migration.function)}, which is applied`,
      )
    }
  }
  return catalogue
    .filter(migration => !applied.has(keyOf(migration)))
    .filter(({ function: owner, version }) =>
      target ? owner === target.function && version <= target.version : true,
    )
    .toSorted(compareMigrations)
}

/**
 * What `down` takes back, the latest first.
 * @throws {@link AppError} `conflict` when there is no way back for one of them
 */
export function planDown(
  catalogue: Catalogue,
  ledger: readonly Applied[],
  { steps, to }: Pick<DownInput, 'steps' | 'to'>,
): Migration[] {
  const latestFirst = ledger.toReversed()
  const target = to === undefined ? undefined : parseTarget(to, catalogue)
  const rows = target
    ? latestFirst.filter(row => row.function === target.function && row.version > target.version)
    : latestFirst.slice(0, steps)
  return rows.map(row => {
    const migration = catalogue.find(candidate => keyOf(candidate) === keyOf(row))
    if (!migration || migration.down === null) {
      throw new AppError('conflict', `there is no ${fileOf(row, 'down')} in this build`)
    }
    return migration
  })
}

/** Every migration that the build or the database knows. */
export function toStatus(catalogue: Catalogue, ledger: readonly Applied[]): MigrationStatus[] {
  const applied = new Map(ledger.map(row => [keyOf(row), row]))
  const known = new Set(catalogue.map(keyOf))
  const unknown = ledger.filter(row => !known.has(keyOf(row)))
  return [
    ...catalogue.toSorted(compareMigrations).map(migration => {
      const row = applied.get(keyOf(migration))
      const state = !row ? 'pending' : row.checksum === migration.checksum ? 'applied' : 'changed'
      return line(migration, state, row)
    }),
    ...unknown.map(row => line(row, 'unknown', row)),
  ]
}

function line(
  { function: owner, version, name }: { function: string; version: number; name: string },
  state: MigrationStatus['state'],
  row: Applied | undefined,
): MigrationStatus {
  const applied_at = row?.applied_at.toISOString() ?? null
  return { function: owner, version, name, state, applied_at }
}

const keyOf = ({ function: owner, version }: { function: string; version: number }): string =>
  `${owner}/${version}`

function newestOf(ledger: readonly Applied[]): Map<string, number> {
  const newest = new Map<string, number>()
  for (const { function: owner, version } of ledger) {
    newest.set(owner, Math.max(version, newest.get(owner) ?? 0))
  }
  return newest
}

function parseTarget(to: string, catalogue: Catalogue): { function: string; version: number } {
  const [owner = '', version = ''] = to.split('/')
  const target = { function: owner, version: Number(version) }
  const isKnown = catalogue.some(
    migration =>
      migration.function === owner &&
      (target.version === 0 || migration.version === target.version),
  )
  if (isKnown) return target
  throw new AppError('validation_failed', `"to" must name a migration of this build, got ${to}`)
}
