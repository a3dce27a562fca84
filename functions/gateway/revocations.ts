/** The list of revoked sessions, pulled from the key-value store: an instance that slept has no stale memory. */
import type { AccessClaims } from '../../shared/access-token.ts'
import type { Kv } from '../../shared/clients/kv.ts'
import type { Logger } from '../../shared/log.ts'

/** How much the list can be trusted: pulled in the last minute, or older than that. */
export type ListAge = 'current' | 'too-old'

/** What is known about revoked tokens. */
export interface Revocations {
  /** Pulls what is new when the list is older than 5 s; otherwise resolves at once. Never rejects. */
  refresh(): Promise<ListAge>
  includes(claims: AccessClaims): boolean
}

/** The sorted set that `auth` writes: score = ms when it was added, member = `sid|<id>|<exp>` or `uid|<id>|<uv>|<exp>`. */
const KEY = 'auth:revocations'
/** Written by `auth` when the set is whole; without it the store has lost its data, or never had any. */
const EPOCH = 'auth:revocations:epoch'
/** The promise to people: a revoked token is dead everywhere within this. */
const MAX_AGE_MS = 5_000
/** From here on the list is pulled beside the request instead of before it, so busy instances never wait. */
const EARLY_AGE_MS = 2_500
/** Without the store, what we know is good for this long. */
const TRUST_MS = 60_000
/** While the store fails, it is asked no more often than this. */
const PAUSE_MS = 1_000
/** How often `auth` is asked to write the set again. */
const REBUILD_PAUSE_MS = 5_000
/** Writers' clocks differ and writers may be late: what was added a little before the cursor is read again. */
const OVERLAP_MS = 120_000
/** The whole list again, for what a writer could only add much later (it was cut off from the store). */
const WHOLE_MS = 300_000

/**
 * Makes an empty list. `now` is a clock that never goes back; `epoch` says the time of day; `rebuild` asks `auth` to
 * write the set again.
 */
export function createRevocations({
  kv,
  rebuild,
  log,
  now,
  epoch,
}: {
  kv: () => Pick<Kv, 'multi'>
  rebuild: () => Promise<unknown>
  log: Logger
  now: () => number
  epoch: () => number
}): Revocations {
  const sessions = new Map<string, number>()
  const users = new Map<string, { version: number; exp: number }>()
  let syncedAt = Number.NEGATIVE_INFINITY
  let wholeAt = Number.NEGATIVE_INFINITY
  let failedAt = Number.NEGATIVE_INFINITY
  let rebuiltAt = Number.NEGATIVE_INFINITY
  let cursor = 0
  let running: Promise<void> | undefined

  async function pull(): Promise<void> {
    try {
      if ((await read()) || ((await isRebuilt()) && (await read()))) return
      failedAt = now()
      log.warn('the list of revoked tokens is not whole')
    } catch (error) {
      failedAt = now()
      log.warn('revoked tokens could not be pulled', { error })
    }
  }

  /** Whether the set was whole. What was found counts either way: it only takes rights away. */
  async function read(): Promise<boolean> {
    const begun = now()
    const whole = begun - wholeAt >= WHOLE_MS
    const from = whole ? 0 : Math.max(0, cursor - OVERLAP_MS)
    const [known, found] = await kv()
      .multi()
      .exists(EPOCH)
      .zrange<string[]>(KEY, from, '+inf', { byScore: true, withScores: true })
      .exec<[number, string[]]>()
    for (let i = 0; i + 1 < found.length; i += 2) {
      add(String(found[i]))
      cursor = Math.max(cursor, Number(found[i + 1]) || 0)
    }
    if (Number(known) === 0) return false
    // The age counts from when we asked: what was added after that may be missing.
    syncedAt = begun
    if (whole) {
      wholeAt = begun
      forget(epoch() / 1000)
    }
    return true
  }

  /** A store that knows nothing may be a new one, where nobody has logged in: `auth` alone can say. */
  async function isRebuilt(): Promise<boolean> {
    if (now() - rebuiltAt < REBUILD_PAUSE_MS) return false
    try {
      await rebuild()
      return true
    } catch (error) {
      log.warn('auth could not write the list of revoked tokens', { error })
      return false
    } finally {
      rebuiltAt = now()
    }
  }

  function add(member: string): void {
    const [kind, id = '', ...rest] = member.split('|')
    const exp = Number(rest.at(-1))
    if (!Number.isFinite(exp)) return
    if (kind === 'sid') sessions.set(id, Math.max(exp, sessions.get(id) ?? 0))
    if (kind === 'uid') {
      const old = users.get(id)
      const version = Math.max(Number(rest[0]) || 0, old?.version ?? 0)
      users.set(id, { version, exp: Math.max(exp, old?.exp ?? 0) })
    }
  }

  /** What names only tokens that have expired, skew included, is no longer needed. */
  function forget(seconds: number): void {
    for (const [id, exp] of sessions) if (exp + SKEW_SECONDS < seconds) sessions.delete(id)
    for (const [id, { exp }] of users) if (exp + SKEW_SECONDS < seconds) users.delete(id)
  }

  const age = (): ListAge => (now() - syncedAt <= TRUST_MS ? 'current' : 'too-old')

  return {
    async refresh() {
      const old = now() - syncedAt
      if (old < EARLY_AGE_MS) return 'current'
      const paused = now() - failedAt < PAUSE_MS
      if (!running && !paused) {
        running = pull().finally(() => {
          running = undefined
        })
      }
      if (running && old > MAX_AGE_MS) await running
      return age()
    },
    includes({ sid, sub, uv }) {
      return sessions.has(sid) || uv < (users.get(sub)?.version ?? 0)
    },
  }
}

const SKEW_SECONDS = 60
