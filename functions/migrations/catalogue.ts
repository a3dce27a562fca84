/** The migrations of all functions, as the build put them into the bundle. */

/** One migration: `functions/<function>/migrations/NNNN_name.{up,down}.sql`. */
export interface Migration {
  function: string
  version: number
  name: string
  up: string
  /** `null` when there is no way back. */
  down: string | null
  /** SHA-256 of `up`, in hex. */
  checksum: string
}

/** Replaced by the build; absent where the source runs unbundled. */
declare const __MIGRATIONS__: readonly Migration[] | undefined

/** None where the source runs unbundled: tests pass their own. */
export function embeddedMigrations(): readonly Migration[] {
  return typeof __MIGRATIONS__ === 'undefined' ? [] : __MIGRATIONS__
}

/** `functions/auth/migrations/0001_accounts.up.sql` */
export const fileOf = (
  { function: owner, version, name }: Pick<Migration, 'function' | 'version' | 'name'>,
  direction: 'up' | 'down',
): string =>
  `functions/${owner}/migrations/${String(version).padStart(4, '0')}_${name}.${direction}.sql`

/** The order in which they are applied: `auth` first, then by name, then by version. */
export function compareMigrations(a: Migration, b: Migration): number {
  if (a.function !== b.function) {
    if (a.function === 'auth') return -1
    if (b.function === 'auth') return 1
    return a.function < b.function ? -1 : 1
  }
  return a.version - b.version
}
