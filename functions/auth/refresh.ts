/** Refreshing a session: one conditional UPDATE decides who wins; everybody else gets what the winner got. */
import type { Sql } from '../../shared/clients/sql.ts'
import { AppError } from '../../shared/errors.ts'
import type { Logger } from '../../shared/log.ts'
import { appendAudit } from './audit.ts'
import { isRefreshToken, parseRefreshToken, type RefreshClaim } from './refresh-token.ts'
import type { LiveSession, SessionDeps } from './sessions.ts'
import type { Account } from './users.ts'

/** A session that was refreshed, and whose it is. */
export interface Refreshed {
  session: LiveSession
  account: Omit<Account, 'password_phc'>
}

interface Row extends Omit<Account, 'password_phc'> {
  sid: string
  counter: number
  session_version: number
  key_sealed: string
  auth_time: Date
  expires_at: Date
  revoked: boolean
  over: boolean
  within_grace: boolean
}

/**
 * Trades a refresh token. The current one counts the session up. The one before it, within `graceSeconds`, leads to the
 * current one again: parallel tabs and lost answers end up with the same token. Any older one, or the one before after
 * the grace, was stolen by somebody: the session ends (RFC 9700 4.14.2).
 * @throws {@link AppError} `token_invalid`, `token_revoked`, `token_expired` or `unauthenticated`
 */
export async function refreshSession(
  deps: SessionDeps & { graceSeconds: number; log: Logger },
  token: string,
): Promise<Refreshed> {
  const claim = parseRefreshToken(token)
  if (!claim) throw invalid()
  const before = await read(deps, claim.sid)
  if (!before) throw invalid()
  const key = deps.keys.open(claim.sid, before.key_sealed)
  if (!isRefreshToken(key, claim, token)) throw invalid()

  const advanced = await advance(deps, claim)
  const row = advanced ? { ...before, ...advanced } : await read(deps, claim.sid)
  if (!row) throw invalid()
  if (!advanced) await judge(deps, row, claim)
  const { sid, counter, session_version: version, auth_time, expires_at } = row
  return { session: { sid, counter, version, key, auth_time, expires_at }, account: row }
}

const invalid = (): AppError => new AppError('token_invalid', 'the refresh token is not valid')

/** The state of a session and its user, by the database's clock. */
async function read(
  { sql, graceSeconds }: { sql: Sql; graceSeconds: number },
  sid: string,
): Promise<Row | undefined> {
  const rows = await sql<Row[]>`
    select s.id as sid, s.counter::float8 as counter, s.version::int as session_version,
      s.key_sealed, s.auth_time, s.expires_at,
      s.revoked_at is not null as revoked,
      s.expires_at <= now() or s.idle_expires_at <= now() as over,
      s.refreshed_at >= now() - make_interval(secs => ${graceSeconds}) as within_grace,
      u.id, u.email, u.name, to_jsonb(u.roles) as roles, u.status, u.version::int as version,
      u.created_at
    from auth.sessions s join auth.users u on u.id = s.user_id
    where s.id = ${sid}`
  return rows[0]
}

/** The decision. Roles and version are read in the same statement, so a token never carries older ones. */
async function advance(
  { sql, limits }: SessionDeps,
  { sid, counter }: RefreshClaim,
): Promise<Partial<Row> | undefined> {
  return sql.begin(async tx => {
    const [row] = await tx<(Partial<Row> & { id: string })[]>`
      update auth.sessions s
      set counter = counter + 1, refreshed_at = now(),
        idle_expires_at = least(now() + make_interval(secs => ${limits.idleSeconds}), expires_at)
      from auth.users u
      where s.id = ${sid} and s.counter = ${counter} and s.revoked_at is null
        and s.expires_at > now() and s.idle_expires_at > now()
        and u.id = s.user_id and u.status = 'active'
      returning s.counter::float8 as counter, u.id, u.name, to_jsonb(u.roles) as roles,
        u.version::int as version`
    if (row) await appendAudit(tx, { actor: row.id, action: 'refresh', target: sid })
    return row
  })
}

/** What a token that did not win means; returns only when it may have the current token again. */
async function judge(
  deps: SessionDeps & { log: Logger },
  row: Row,
  claim: RefreshClaim,
): Promise<void> {
  if (row.revoked) throw new AppError('token_revoked', 'the session has ended, log in again')
  if (row.over) throw new AppError('token_expired', 'the session has expired, log in again')
  if (row.status !== 'active') throw new AppError('unauthenticated', 'the account is disabled')
  const behind = row.counter - claim.counter
  if (behind === 1 && row.within_grace) return
  if (behind > 0) {
    await endFamily(deps, row, behind)
    throw new AppError('token_revoked', 'the refresh token was used before, log in again')
  }
  // Ahead of the database: it was restored from a backup, or the session's key is known to somebody.
  deps.log.error('a refresh token is ahead of its session', { session: row.sid, behind })
  throw invalid()
}

async function endFamily(
  { sql, revocations }: SessionDeps,
  { sid, id }: Row,
  behind: number,
): Promise<void> {
  await sql.begin(async tx => {
    const { count } = await tx`
      update auth.sessions set revoked_at = now(), revoke_reason = 'refresh.reused'
      where id = ${sid} and revoked_at is null`
    if (count === 0) return
    await revocations.addSession(tx, sid)
    const details = { behind }
    await appendAudit(tx, {
      actor: id,
      action: 'refresh_reuse_detected',
      target: sid,
      outcome: 'denied',
      details,
    })
  })
  await revocations.flush()
}
