/** migrations: the schemas and roles of all functions, the first admin, the vector collections. */
import { migrationsContract } from '../../shared/contracts/migrations.ts'
import { defineFunction, type FunctionDefinition } from '../../shared/function.ts'
import { embeddedMigrations } from './catalogue.ts'
import { migrationsRoutes } from './routes.ts'
import { type MigrationsConfig, migrationsSettings } from './settings.ts'

const migrations: FunctionDefinition<MigrationsConfig> = defineFunction({
  name: 'migrations',
  config: migrationsSettings,
  contract: migrationsContract,
  routes: migrationsRoutes(embeddedMigrations()),
})

export default migrations
