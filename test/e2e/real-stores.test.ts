/** The same platform on a real PostgreSQL and a real Redis: only their addresses change. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type RealServer,
  startRealPostgres,
  startRealRedis,
  whyNoPostgres,
  whyNoRedis,
} from '../fixtures/servers.ts'
import { runToEnd, temporaryDirectory } from '../fixtures/started.ts'

const absent = whyNoPostgres() ?? whyNoRedis()

describe.skipIf(absent)(`real stores${absent ? `: ${absent}` : ''}`, () => {
  const state = temporaryDirectory()
  const servers: RealServer[] = []

  beforeAll(async () => {
    servers.push(await startRealPostgres(), await startRealRedis())
  })

  afterAll(async () => {
    for (const server of servers) await server.close()
    state.remove()
  })

  test('the demo plays the same on them', async () => {
    const { code, output } = await runToEnd('demo', ['--state-dir', state.path], {
      env: { DATABASE_URL: servers[0]?.url ?? '', REDIS_URL: servers[1]?.url ?? '' },
    })
    expect([code, output]).toEqual([0, expect.stringMatching(/memory used: .*teal/)])
  }, 120_000)
})
