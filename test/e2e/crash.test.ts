/** kill -9 of the whole emulator between 202 and delivery: nothing accepted is lost, nothing takes effect twice. */
import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import postgres from 'postgres'
import { afterAll, expect, test } from 'vitest'
import { turnCompleted } from '../../shared/contracts/chat.ts'
import { type Started, start, stateWithDatabase, until } from '../fixtures/started.ts'

const KILLS = 20
const EVENTS_PER_ROUND = 8
/** The kill falls somewhere in here after the first event was sent. */
const WINDOW_MS = 400

const state = await stateWithDatabase()
afterAll(state.remove)

test(`${KILLS} kills at random moments lose no accepted event and repeat no effect`, async () => {
  const user = randomUUID()
  const accepted: string[] = []
  for (let round = 0; round < KILLS; round++) {
    const platform = await start({ stateDirectory: state.path })
    if (round === 0) await expectSeen(platform)
    const moment = Math.random() * WINDOW_MS
    const sending = send(platform, user, accepted)
    await new Promise(resolve => setTimeout(resolve, moment))
    await platform.stop('SIGKILL')
    await sending
    await until(() => (functionsOf(platform).length === 0 ? true : undefined))
  }
  const platform = await start({ stateDirectory: state.path })
  await until(async () => ((await pendingEvents(platform)) === 0 ? true : undefined))
  const { turns, repeated } = await effects(platform, user)
  await platform.stop('SIGTERM')

  expect(accepted.length).toBeGreaterThan(KILLS)
  const lost = accepted.filter(turn => !turns.has(turn))
  expect({ lost, repeated }).toEqual({ lost: [], repeated: 0 })
}, 240_000)

/** Publishes until the broker is gone; only what was answered 202 counts as accepted. */
async function send(platform: Started, user: string, accepted: string[]): Promise<void> {
  for (let n = 0; n < EVENTS_PER_ROUND; n++) {
    const turn = randomUUID()
    try {
      const response = await fetch(platform.env.BROKER_URL ?? '', {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'ce-specversion': '1.0',
          'ce-id': turn,
          'ce-source': turnCompleted.source,
          'ce-type': turnCompleted.type,
        },
        body: JSON.stringify({
          user_id: user,
          conversation_id: randomUUID(),
          turn_id: turn,
          user_text: `My locker number ${n} is ${turn.slice(0, 8)}.`,
          assistant_text: 'noted',
          occurred_at: new Date().toISOString(),
        }),
      })
      if (response.status === 202) accepted.push(turn)
    } catch {
      return
    }
  }
}

async function pendingEvents({ gateway }: Started): Promise<number> {
  const counts = await Promise.all(
    ['pending', 'retrying', 'failed', 'deadLettered'].map(async name => {
      const response = await fetch(`${gateway}/_emulator/events?state=${name}&limit=500`)
      const { events } = (await response.json()) as { events: unknown[] }
      if (name === 'failed' || name === 'deadLettered') {
        if (events.length > 0) throw new Error(`${name}: ${JSON.stringify(events[0])}`)
      }
      return events.length
    }),
  )
  return counts.reduce((sum, count) => sum + count, 0)
}

/** Which turns became episodes, and how many facts were counted again: each turn tells another, so none may be. */
async function effects(
  { env }: Started,
  user: string,
): Promise<{ turns: Set<string>; repeated: number }> {
  const sql = postgres(env.DATABASE_URL ?? '', { max: 1, fetch_types: false })
  try {
    const episodes = await sql<{ natural_key: string }[]>`
      select natural_key from memory.episodes where user_id = ${user} and consolidated_at is not null`
    const [row] = await sql<{ count: string }[]>`
      select count(*) from memory.memories where user_id = ${user} and strength > 1`
    const turns = new Set(episodes.map(({ natural_key }) => natural_key.replace(/^turn:/, '')))
    return { turns, repeated: Number(row?.count) }
  } finally {
    await sql.end()
  }
}

/** Proves that the look for orphans can find one: a warm function is seen. */
async function expectSeen(platform: Started): Promise<void> {
  await fetch(`${platform.gateway}/api/health`)
  expect(functionsOf(platform)).not.toEqual([])
}

/** Function processes of this platform that live: their proxy is its own address. */
function functionsOf({ gateway }: Started): string[] {
  return readdirSync('/proc')
    .filter(entry => /^\d+$/.test(entry))
    .filter(pid => {
      try {
        const variables = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
        return (
          variables.includes(`HTTP_PROXY=${gateway}`) &&
          variables.some(variable => variable.startsWith('K_SERVICE='))
        )
      } catch {
        return false
      }
    })
}
