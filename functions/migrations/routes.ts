/** The HTTP API of `migrations`. */
import * as api from '../../shared/contracts/migrations.ts'
import type { Deps, SqlConfig, VectorsConfig } from '../../shared/deps.ts'
import { type App, route } from '../../shared/route.ts'
import { createFirstAdmin } from './admin.ts'
import type { Migration } from './catalogue.ts'
import { ensureCollections } from './collections.ts'
import { readLedger } from './ledger.ts'
import { migrateDown, migrateUp } from './migrate.ts'
import { toStatus } from './plan.ts'

/** What `migrations` reads beside the common settings. */
export type MigrationsConfig = SqlConfig & VectorsConfig

/** Routes that carry out `catalogue`. */
export function migrationsRoutes(
  catalogue: readonly Migration[],
): (app: App, deps: Deps<MigrationsConfig>) => void {
  return (app, deps) => {
    route(app, api.migrateUp, async input => {
      const applied = await migrateUp(deps.sql, catalogue, input)
      return { dry_run: input.dry_run, applied }
    })

    route(app, api.migrateDown, async input => {
      const reverted = await migrateDown(deps.sql, catalogue, input)
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
