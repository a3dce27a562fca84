/** The HTTP API of `migrations`. */
import * as api from '../../shared/contracts/migrations.ts'
import type { Deps } from '../../shared/deps.ts'
import { type App, route } from '../../shared/route.ts'
import { createFirstAdmin } from './admin.ts'
import type { Migration } from './catalogue.ts'
import { ensureCollections } from './collections.ts'
import { readLedger } from './ledger.ts'
import { migrateDown, migrateUp } from './migrate.ts'
import { toStatus } from './plan.ts'
import { dropRoles, ensureRoles } from './roles.ts'
import type { MigrationsConfig, RolePasswords } from './settings.ts'

/** Routes that carry out `catalogue`. */
export function migrationsRoutes(
  catalogue: readonly Migration[],
): (app: App, deps: Deps<MigrationsConfig>) => void {
  const owners = [...new Set(catalogue.map(step => step.function))]

  return (app, deps) => {
    route(app, api.migrateUp, async input => {
      const applied = await migrateUp(deps.sql, catalogue, input)
      if (!input.dry_run) await makeRoles(deps, owners)
      return { dry_run: input.dry_run, applied }
    })

    route(app, api.migrateDown, async input => {
      const reverted = await migrateDown(deps.sql, catalogue, input)
      if (!input.dry_run) {
        const roles = await dropRoles(deps.sql)
        if (roles.length > 0) deps.log.info('roles were removed', { roles })
      }
      return { dry_run: input.dry_run, reverted }
    })

    route(app, api.migrationStatus, async () => {
      const migrations = toStatus(catalogue, await readLedger(deps.sql))
      return { up_to_date: migrations.every(({ state }) => state === 'applied'), migrations }
    })

    route(app, api.createAdmin, (input, { principal }) =>
      createFirstAdmin(deps.sql, input, principal.sub),
    )

    route(app, api.createCollections, () => ensureCollections(deps.vectors))
  }
}

/** A role reaches the schema of a function in this build, never one that only has its name. */
async function makeRoles(
  { sql, config, log }: Deps<MigrationsConfig>,
  owners: readonly string[],
): Promise<void> {
  const passwords: RolePasswords = config.DATABASE_ROLES
  const without = owners.filter(name => passwords[name] === undefined)
  if (without.length > 0) {
    log.warn('functions have a schema, and no password for a role in DATABASE_ROLES', {
      functions: without,
    })
  }
  const known = owners.flatMap(name => {
    const password = passwords[name]
    return password === undefined ? [] : [[name, password] as const]
  })
  const roles = await ensureRoles(sql, Object.fromEntries(known))
  if (roles.length > 0) log.info('roles were made or changed', { roles })
}
