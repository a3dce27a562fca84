/** Sessions in Postgres: opened by a password, carried on by refresh tokens, ended by logout, misuse or time. */
import type { Sql } from '../../shared/clients/sql.ts'
import type { ClientFacts, Session } from '../../shared/contracts/auth.ts'
import { appendAudit } from './audit.ts'
import type { Revocations } from './revocations.ts'
import type { SessionKeys } from './session-key.ts'
import type { Account } from './users.ts'

/** A session that may be given tokens now. */
export interface LiveSession {
  sid: string
  counter: number
  version: number
  key: Buffer
  auth_time: Date
  /** When it ends, whatever happens. */
  expires_at: Date
}

/** How long sessions live, in seconds. */
export interface SessionLimits {
  idleSeconds: number
  absoluteSeconds: number
}

/** What sessions work with. */
export interface SessionDeps {
  sql: Sql
  keys: SessionKeys
  revocations: Revocations
  limits: SessionLimits
  id: () => string
}

/** Opens a session with a new id (ASVS 7.2.4); `undefined` when the account changed since it was read. */
export async function openSession(
  { sql, keys, limits, id }: SessionDeps,
  account: Account,
  facts: ClientFacts,
): Promise<LiveSession | undefined> {
  const sid = id()
  const { key, sealed } = keys.create(sid)
  const ipPrefix = clean(facts.ip_prefix)
  return sql.begin(async tx => {
    const [row] = await tx<{ auth_time: Date; expires_at: Date }[]>`
      insert into auth.sessions
        (id, user_id, key_sealed, idle_expires_at, expires_at, user_agent, ip_prefix)
      select ${sid}::uuid, id, ${sealed},
        now() + make_interval(secs => ${limits.idleSeconds}),
        now() + make_interval(secs => ${limits.absoluteSeconds}),
        ${clean(facts.user_agent)}, ${ipPrefix}
      from auth.users
      where id = ${account.id} and status = 'active' and version = ${account.version}
      returning auth_time, expires_at`
    if (!row) return undefined
    await appendAudit(tx, { actor: account.id, action: 'login.ok', target: sid, ipPrefix })
    return { sid, counter: 0, version: 1, key, ...row }
  })
}

/** The live sessions of a user, the latest first. */
export async function listLive(sql: Sql, userId: string, current: string): Promise<Session[]> {
  const rows = await sql<(Omit<Session, 'created_at' | 'last_seen_at'> & Record<Times, Date>)[]>`
    select id, id = ${current}::uuid as current, user_agent, ip_prefix,
      created_at, refreshed_at as last_seen_at
    from auth.sessions
    where user_id = ${userId} and revoked_at is null
      and expires_at > now() and idle_expires_at > now()
    order by refreshed_at desc
    limit 200`
  return rows.map(row => ({
    ...row,
    created_at: row.created_at.toISOString(),
    last_seen_at: row.last_seen_at.toISOString(),
  }))
}

type Times = 'created_at' | 'last_seen_at'

/** Which of a user's sessions a logout ends. */
export type LogoutScope = 'local' | 'others' | 'global'

/**
 * Ends sessions and their tokens. Committed before anything else happens: a refresh that comes later finds them ended.
 * `global` raises the user's version, which ends every access token at once.
 * @returns how many sessions were live until now
 */
export async function endSessions(
  { sql, revocations }: SessionDeps,
  { userId, sid, scope }: { userId: string; sid: string; scope: LogoutScope },
): Promise<number> {
  const count = await sql.begin(async tx => {
    if (scope === 'global') {
      const [user] = await tx<{ version: number }[]>`
        update auth.users set version = version + 1, updated_at = now()
        where id = ${userId} returning version::int as version`
      if (user) await revocations.addUser(tx, userId, user.version)
    }
    const ended = await tx<{ id: string }[]>`
      update auth.sessions set revoked_at = now(), revoke_reason = ${`logout.${scope}`}
      where user_id = ${userId} and revoked_at is null
        and (${scope} = 'global' or (id = ${sid}::uuid) = (${scope} = 'local'))
      returning id`
    if (scope !== 'global') {
      for (const { id } of ended) await revocations.addSession(tx, id)
    }
    const details = { scope, sessions: ended.length }
    await appendAudit(tx, { actor: userId, action: 'session.revoked', target: sid, details })
    return ended.length
  })
  await revocations.flush()
  return count
}

/** Control characters have no place in a list that people read, and NUL none in the database. */
const clean = (text = ''): string => text.replaceAll(/\p{Cc}/gu, ' ')
