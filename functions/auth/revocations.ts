/** The revocation feed: Postgres holds the truth, gateways pull a copy from the key-value store. */
import type { Kv } from '../../shared/clients/kv.ts'
import type { Sql, Transaction } from '../../shared/clients/sql.ts'
import type { Logger } from '../../shared/log.ts'

/** The sorted set that gateways read: members by the millisecond at which they were added. */
export const FEED = 'auth:revocations'
/** Gone when the store lost its data; then everything is sent again, and gateways believe nothing until it is back. */
export const EPOCH = 'auth:revocations:epoch'

const BATCH = 500
/** How often an instance looks whether the store still has the feed. */
const EPOCH_CHECK_MS = 60_000

/**
 * Scores are the store's own time of adding, never the time of revoking: a reader that keeps a cursor would miss a
 * member that arrives late with an old score. ARGV: window in ms, then members.
 */
const ADD = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[1]))
for i = 2, #ARGV do redis.call('ZADD', KEYS[1], now, ARGV[i]) end
return #ARGV - 1`

/** Says what is revoked. */
export interface Revocations {
  /** Ends one session's access tokens: `sid|<session>|<epoch seconds until it matters>`. */
  addSession(tx: Sql | Transaction, sid: string): Promise<void>
  /** Ends a user's access tokens below `version`: `uid|<user>|<version>|<epoch seconds>`. */
  addUser(tx: Sql | Transaction, userId: string, version: number): Promise<void>
  /** Sends what is not sent yet. Never fails: what stays is sent with a later request. */
  flush(): Promise<void>
  /**
   * Sends everything again if the store does not have it; concurrent calls share one run.
   * @throws {@link AppError} `dependency_unavailable`
   */
  sync(): Promise<void>
}

/** `ttlSeconds` is how long a revoked token could still be accepted. */
export function createRevocations({
  sql,
  kv,
  ttlSeconds,
  log,
}: {
  sql: () => Sql
  kv: () => Kv
  ttlSeconds: number
  log: Logger
}): Revocations {
  let checkedAt = Number.NEGATIVE_INFINITY
  let syncing: Promise<void> | undefined

  const add = async (tx: Sql | Transaction, prefix: string): Promise<void> => {
    await tx`
      insert into auth.revocations (member, expires_at)
      select ${prefix} || '|' || extract(epoch from until)::bigint, until
      from (select date_trunc('second', now()) + make_interval(secs => ${ttlSeconds}) as until) t
      on conflict (member) do nothing`
  }

  async function flush(): Promise<void> {
    try {
      await sendWaiting()
    } catch (error) {
      log.warn('revocations wait for the key-value store', { error })
    }
  }

  function sync(): Promise<void> {
    // What was seen a moment ago is what the caller doubts.
    checkedAt = Number.NEGATIVE_INFINITY
    syncing ??= sendWaiting().finally(() => {
      syncing = undefined
    })
    return syncing
  }

  async function sendWaiting(): Promise<void> {
    const isLost = await isFeedLost()
    const rows = await sql()<{ member: string }[]>`
      select member from auth.revocations
      where expires_at > now() and (sent_at is null or ${isLost})
      order by revoked_at limit ${isLost ? 100_000 : BATCH}`
    for (let at = 0; at < rows.length; at += BATCH) {
      await send(rows.slice(at, at + BATCH).map(({ member }) => member))
    }
    if (isLost) await kv().set(EPOCH, '1')
  }

  async function send(members: string[]): Promise<void> {
    await kv().eval(ADD, [FEED], [String(ttlSeconds * 1000), ...members])
    await sql()`
      with sent as (
        update auth.revocations set sent_at = now()
        where member in (select jsonb_array_elements_text(${sql().json(members)}))
      )
      delete from auth.revocations where expires_at < now()`
  }

  async function isFeedLost(): Promise<boolean> {
    if (performance.now() - checkedAt < EPOCH_CHECK_MS) return false
    const known = await kv().exists(EPOCH)
    if (known > 0) checkedAt = performance.now()
    return known === 0
  }

  return {
    addSession: (tx, sid) => add(tx, `sid|${sid}`),
    addUser: (tx, userId, version) => add(tx, `uid|${userId}|${version}`),
    flush,
    sync,
  }
}
