/** The SQL contract: on the embedded database always, on PostgreSQL when it is installed or named. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { createLog } from '../../../scripts/emulator/log.ts'
import { startPostgres } from '../../../scripts/emulator/stores/postgres/postgres.ts'
import { copyTemplate } from '../../fixtures/database-template.ts'
import { startRealPostgres, whyNoPostgres } from '../../fixtures/servers.ts'
import { sqlContract } from './sql.ts'

sqlContract({
  name: 'embedded',
  async open() {
    const directory = await mkdtemp(join(tmpdir(), 'aiwfe-sql-'))
    await copyTemplate(directory)
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

const named = process.env.TEST_DATABASE_URL
const absent = whyNoPostgres()
if (named)
  sqlContract({
    name: 'TEST_DATABASE_URL',
    open: async () => ({ access: named, close: async () => {} }),
  })
else if (absent) describe('sql store: PostgreSQL server', () => it.skip(absent))
else
  sqlContract({
    name: 'PostgreSQL server',
    async open() {
      const { url, close } = await startRealPostgres()
      return { access: url, close }
    },
  })
