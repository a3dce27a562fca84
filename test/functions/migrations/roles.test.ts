/** Roles on the embedded database always, on PostgreSQL when it is installed or named. */
import { describe, it } from 'vitest'
import { startRealPostgres, whyNoPostgres } from '../../fixtures/servers.ts'
import { openDatabase } from '../../fixtures/stores.ts'
import { rolesContract } from './roles.contract.ts'

const named = process.env.TEST_DATABASE_URL

rolesContract({
  name: named ? 'TEST_DATABASE_URL' : 'embedded',
  async open() {
    const { url, close } = await openDatabase()
    return { access: url, close }
  },
})

const absent = whyNoPostgres()
if (absent) describe('roles of functions: PostgreSQL server', () => it.skip(absent))
else if (!named) {
  rolesContract({
    name: 'PostgreSQL server',
    async open() {
      const { url, close } = await startRealPostgres()
      return { access: url, close }
    },
  })
}
