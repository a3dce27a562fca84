/** The key-value contract, on the in-process engine always, on redis-server when it is installed, on Upstash when named. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { listen } from '../../../scripts/emulator/stores/listen.ts'
import { type EmbeddedRedis, startRedis } from '../../../scripts/emulator/stores/redis/redis.ts'
import { kvContract } from './kv.ts'

const TOKEN = 'contract-token'

kvContract({ name: 'embedded', open: () => open() })

const binary = process.env.REDIS_SERVER ?? 'redis-server'
const external = process.env.TEST_REDIS_URL
if (external) kvContract({ name: 'TEST_REDIS_URL', open: () => open(external) })
else if (spawnSync(binary, ['--version']).status === 0)
  kvContract({ name: 'redis-server', open: openServer })
else
  describe('kv store: redis-server', () =>
    it.skip('runs when redis-server is installed or TEST_REDIS_URL names one'))

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
  const directory = await mkdtemp(join(tmpdir(), 'aiwfe-redis-'))
  const port = await freePort()
  const server: ChildProcess = spawn(
    binary,
    ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', directory],
    { stdio: 'ignore' },
  )
  const store = await untilReady(port)
  return {
    access: { url: store.url, token: TOKEN },
    close: async () => {
      await store.close()
      const exited = once(server, 'exit')
      server.kill('SIGKILL')
      await exited
      await rm(directory, { recursive: true, force: true })
    },
  }
}

async function untilReady(port: number): Promise<EmbeddedRedis> {
  const deadline = performance.now() + 10_000
  for (;;) {
    try {
      return await startRedis({
        directory: '',
        token: TOKEN,
        redisUrl: `redis://127.0.0.1:${port}`,
      })
    } catch (error) {
      if (performance.now() > deadline) throw error
      await new Promise(resolve => setTimeout(resolve, 20))
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  const port = await listen(server)
  await new Promise(resolve => server.close(resolve))
  return port
}
