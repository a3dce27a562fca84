/** The SQL contract, on the embedded database always and on a real server when `TEST_DATABASE_URL` names one. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { createLog } from '../../../scripts/emulator/log.ts'
import { startPostgres } from '../../../scripts/emulator/stores/postgres/postgres.ts'
import { sqlContract } from './sql.ts'

sqlContract({
  name: 'embedded',
  async open() {
    const directory = await mkdtemp(join(tmpdir(), 'aiwfe-sql-'))
    const store = await startPostgres({
      directory,
      password: 'p@ss word',
      log: createLog({ write: () => {} }),
    })
    return {
      access: store.url,
      close: async () => {
        await store.close()
        await rm(directory, { recursive: true, force: true })
      },
    }
  },
})

const url = process.env.TEST_DATABASE_URL
if (url)
  sqlContract({
    name: 'PostgreSQL server',
    open: async () => ({ access: url, close: async () => {} }),
  })
else
  describe('sql store: PostgreSQL server', () =>
    it.skip('runs when TEST_DATABASE_URL names a server'))
