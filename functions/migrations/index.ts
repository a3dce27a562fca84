/** migrations: the schemas of all functions up and down, the first admin, the vector collections. */
import { migrationsContract } from '../../shared/contracts/migrations.ts'
import { sqlSettings, vectorsSettings } from '../../shared/deps.ts'
import { defineFunction, type FunctionDefinition } from '../../shared/function.ts'
import { embeddedMigrations } from './catalogue.ts'
import { type MigrationsConfig, migrationsRoutes } from './routes.ts'

const migrations: FunctionDefinition<MigrationsConfig> = defineFunction({
  name: 'migrations',
  config: { ...sqlSettings, ...vectorsSettings },
  contract: migrationsContract,
  routes: migrationsRoutes(embeddedMigrations()),
})

export default migrations
