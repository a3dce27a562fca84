/** The HTTP API of `auth`. */
import { createAccessTokens } from '../../shared/access-token.ts'
import * as api from '../../shared/contracts/auth.ts'
import type { Deps } from '../../shared/deps.ts'
import { AppError } from '../../shared/errors.ts'
import { createPasswords } from '../../shared/password.ts'
import { type Principal, permissionsOf } from '../../shared/principal.ts'
import { type App, route } from '../../shared/route.ts'
import { createAttemptLimiter } from './attempt-limiter.ts'
import type { AuthConfig } from './config.ts'
import { type LoginDeps, logIn, register } from './login.ts'
import { refreshSession } from './refresh.ts'
import { createRevocations } from './revocations.ts'
import { createSessionKeys } from './session-key.ts'
import { endSessions, listLive } from './sessions.ts'
import { toTokens } from './tokens.ts'
import { findById, toUser } from './users.ts'

/** Clocks differ, so a revocation outlives the last token by this much. */
const SKEW_SECONDS = 60

/**
 * What is checked where: gateways check an access token's signature, its end and the revocation feed; only `refresh`
 * checks the session itself (idle, absolute end, the account's state).
 */
export function authRoutes(app: App, deps: Deps<AuthConfig>): void {
  const { config, log, clock, id } = deps
  const accessTokens = createAccessTokens(config, { clock, id })
  const secrets = [config.JWT_SECRET, config.JWT_SECRET_PREVIOUS].filter(secret => secret !== '')
  const revocations = createRevocations({
    sql: () => deps.sql,
    kv: () => deps.kv,
    ttlSeconds: Math.ceil(config.JWT_EXPIRE_HOURS * 3_600) + SKEW_SECONDS,
    log,
  })
  const limiter = createAttemptLimiter({
    kv: () => deps.kv,
    windowSeconds: config.LOGIN_WINDOW_SECONDS,
    id,
    log,
  })
  const work = {
    get sql() {
      return deps.sql
    },
    keys: createSessionKeys(secrets),
    revocations,
    limiter,
    id,
    log,
    passwords: createPasswords(),
    pseudonym: (text: string) => pseudonym(config.JWT_SECRET, text),
    graceSeconds: config.REFRESH_GRACE_SECONDS,
    limits: {
      idleSeconds: config.SESSION_IDLE_SECONDS,
      absoluteSeconds: config.REFRESH_EXPIRE_DAYS * 86_400,
      loginAttempts: config.LOGIN_ATTEMPTS,
      registerAttempts: config.REGISTER_ATTEMPTS,
    },
  } satisfies LoginDeps & Parameters<typeof refreshSession>[0]
  const idle = config.SESSION_IDLE_SECONDS

  route(app, api.register, async input => {
    const { session, account } = await register(work, input)
    await revocations.flush()
    return toTokens(accessTokens, session, account, idle)
  })

  route(app, api.login, async input => {
    const { session, account } = await logIn(work, input)
    await revocations.flush()
    return toTokens(accessTokens, session, account, idle)
  })

  route(app, api.refresh, async input => {
    const { session, account } = await refreshSession(work, input.refresh_token)
    await revocations.flush()
    return toTokens(accessTokens, session, account, idle)
  })

  route(app, api.logout, async ({ scope }, { principal }) => {
    const { userId, sid } = person(principal)
    return { revoked: await endSessions(work, { userId, sid, scope }) }
  })

  route(app, api.me, async (_, { principal }) => {
    const account = await findById(deps.sql, person(principal).userId)
    if (account?.status !== 'active') throw new AppError('unauthenticated', 'the account has ended')
    return { ...toUser(account), permissions: permissionsOf(account.roles) }
  })

  route(app, api.listSessions, async (_, { principal }) => {
    const { userId, sid } = person(principal)
    return { sessions: await listLive(deps.sql, userId, sid) }
  })

  route(app, api.syncRevocations, async () => {
    await revocations.sync()
    return { whole: true }
  })

  route(app, api.jwks, async () => {
    const { keys } = await accessTokens.publicKeys()
    return { keys: keys.map(key => ({ ...key })) }
  })
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** These routes are about somebody's own account: a function that acts for itself has none. */
function person({ kind, sub, sid = '' }: Principal): { userId: string; sid: string } {
  if (kind !== 'user' || !UUID.test(sub) || !UUID.test(sid)) {
    throw new AppError('permission_denied', 'this needs a person with a session')
  }
  return { userId: sub, sid }
}

function pseudonym(secret: string, text: string): string {
  const { createHmac } = process.getBuiltinModule('node:crypto')
  const mac = createHmac('sha256', secret).update(`pseudonym|${text}`).digest()
  return mac.toString('base64url', 0, 16)
}
