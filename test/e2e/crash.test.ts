/** kill -9 of the whole emulator between 202 and delivery: nothing accepted is lost, nothing takes effect twice. */
import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import postgres from 'postgres'
import { afterAll, expect, test } from 'vitest'
import { turnCompleted } from '../../shared/contracts/chat.ts'
import { countPending, publishAll, type Sent } from '../fixtures/publishing.ts'
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
    const turns = Array.from({ length: EVENTS_PER_ROUND }, (_, n) => turnOf(user, n))
    const sending = publishAll(platform, turns, id => void accepted.push(id))
    await new Promise(resolve => setTimeout(resolve, moment))
    await platform.stop('SIGKILL')
    await sending
    await until(() => (functionsOf(platform).length === 0 ? true : undefined))
  }
  const platform = await start({ stateDirectory: state.path })
  await until(async () => ((await countPending(platform)) === 0 ? true : undefined))
  const { turns, repeated } = await effects(platform, user)
  await platform.stop('SIGTERM')

  expect(accepted.length).toBeGreaterThan(KILLS)
  const lost = accepted.filter(turn => !turns.has(turn))
  expect({ lost, repeated }).toEqual({ lost: [], repeated: 0 })
}, 240_000)

/** A turn of a conversation that tells a fact of its own. */
function turnOf(user: string, n: number): Sent {
  const id = randomUUID()
  return {
    attributes: { id, source: turnCompleted.source, type: turnCompleted.type },
    data: {
      user_id: user,
      conversation_id: randomUUID(),
      turn_id: id,
      user_text: `My locker number ${n} is ${id.slice(0, 8)}.`,
      assistant_text: 'noted',
      occurred_at: new Date().toISOString(),
    },
  }
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
