/** The key-value contract, on the in-process engine always, on redis-server when it is installed, on Upstash when named. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { startRedis } from '../../../scripts/emulator/stores/redis/redis.ts'
import { startRealRedis, whyNoRedis } from '../../fixtures/servers.ts'
import { kvContract } from './kv.ts'

const TOKEN = 'contract-token'

kvContract({ name: 'embedded', open: () => open() })

const external = process.env.TEST_REDIS_URL
const absent = whyNoRedis()
if (external) kvContract({ name: 'TEST_REDIS_URL', open: () => open(external) })
else if (absent) describe('kv store: redis-server', () => it.skip(absent))
else kvContract({ name: 'redis-server', open: openServer })

async function open(
  redisUrl?: string,
): Promise<{ access: { url: string; token: string }; close(): Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'aiwfe-kv-'))
  const store = await startRedis({ directory, token: TOKEN, redisUrl })
  return {
    access: { url: store.url, token: TOKEN },
    close: async () => {
      await store.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

async function openServer(): ReturnType<typeof open> {
  const server = await startRealRedis()
  const { access, close } = await open(server.url)
  return {
    access,
    close: async () => {
      await close()
      await server.close()
    },
  }
}
