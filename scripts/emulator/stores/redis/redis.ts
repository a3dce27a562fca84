/** The key-value store: the Upstash REST protocol over a real Redis, or over the one in this process. */
import { closeServer, listen } from '../listen.ts'
import { lockDirectory } from '../lock.ts'
import { createEngine, type Redis } from './engine.ts'
import { type Journal, openJournal, type WriteBytes } from './journal.ts'
import { connectRedis } from './resp.ts'
import { createRestServer } from './rest.ts'

/** The running store. */
export interface EmbeddedRedis {
  url: string
  port: number
  close(): Promise<void>
}

/**
 * Serves `directory`'s keys, or those of the Redis at `redisUrl`, on 127.0.0.1.
 * @throws Error that names the folder when it is in use or damaged, or the server when it does not answer
 */
export async function startRedis({
  directory,
  token,
  redisUrl,
  port = 0,
  now = Date.now,
}: {
  directory: string
  token: string
  redisUrl?: string | undefined
  port?: number | undefined
  now?: () => number
}): Promise<EmbeddedRedis> {
  const redis = redisUrl ? await reach(redisUrl) : openEngine(directory, now)
  const server = createRestServer(redis, token)
  const bound = await listen(server, port)
  return {
    url: `http://127.0.0.1:${bound}`,
    port: bound,
    async close() {
      await closeServer(server)
      await redis.close()
    },
  }
}

async function reach(address: string): Promise<Redis> {
  try {
    return await connectRedis(address)
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? (cause as Error).message
    throw new Error(`"REDIS_URL" must name a Redis that answers, got ${reason}`, { cause })
  }
}

/** The in-process Redis of `directory`, kept on disk. A write that the disk does not take rejects, and changes nothing. */
export function openEngine(
  directory: string,
  now: () => number = Date.now,
  write?: WriteBytes,
): Redis {
  const lock = lockDirectory(directory)
  let journal: Journal | undefined
  const engine = createEngine({ now, record: (at, commands) => journal?.append(at, commands) })
  try {
    journal = openJournal(directory, engine.keys, engine.replay, write)
  } catch (error) {
    lock.release()
    throw error
  }
  let open = true

  function assertWhole(): void {
    const broken = journal?.broken()
    if (broken) throw broken
  }

  return {
    async command(args) {
      assertWhole()
      return engine.command(args)
    },
    async transaction(commands) {
      assertWhole()
      return engine.transaction(commands)
    },
    async close() {
      if (!open) return
      open = false
      journal?.close()
      lock.release()
    },
  }
}
