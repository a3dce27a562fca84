/** The vector contract, on the embedded store always and on a real server when `TEST_QDRANT_URL` names one. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { createLog } from '../../../scripts/emulator/log.ts'
import { startQdrant } from '../../../scripts/emulator/stores/qdrant/qdrant.ts'
import { qdrantContract } from './qdrant.ts'

qdrantContract({
  name: 'embedded',
  async open() {
    const directory = await mkdtemp(join(tmpdir(), 'aiwfe-vectors-'))
    const log = createLog({ write: () => {} })
    const store = await startQdrant({ directory, log, apiKey: 'a key' })
    return {
      access: { url: store.url, apiKey: 'a key' },
      close: async () => {
        await store.close()
        await rm(directory, { recursive: true, force: true })
      },
    }
  },
})

const url = process.env.TEST_QDRANT_URL
if (url)
  qdrantContract({
    name: 'Qdrant server',
    open: async () => ({
      access: { url, apiKey: process.env.TEST_QDRANT_API_KEY ?? '' },
      close: async () => {},
    }),
    skip: process.env.TEST_QDRANT_API_KEY
      ? []
      : [{ reason: 'the server has no key', tests: ['refuses a request without its key'] }],
  })
else
  describe('vector store: Qdrant server', () => it.skip('runs when TEST_QDRANT_URL names a server'))
