/** What a client gets when a session was opened or refreshed. */
import type { AccessTokens } from '../../shared/access-token.ts'
import type { Tokens } from '../../shared/contracts/auth.ts'
import { toRefreshToken } from './refresh-token.ts'
import type { LiveSession } from './sessions.ts'
import { type Account, toUser } from './users.ts'

/** Clients refresh this long before the end, spread over a span, so that they do not come all at once. */
const REFRESH_EARLY_SECONDS = 90
const REFRESH_SPREAD_SECONDS = 60

/** Issues both tokens. `idleSeconds` bounds `refresh_at`: a session that nobody refreshes ends before its token. */
export async function toTokens(
  accessTokens: AccessTokens,
  session: LiveSession,
  account: Omit<Account, 'password_phc'>,
  idleSeconds: number,
): Promise<Tokens> {
  const { token, claims } = await accessTokens.issue(
    {
      sub: account.id,
      sid: session.sid,
      auth_time: Math.floor(session.auth_time.getTime() / 1000),
      roles: account.roles,
      sv: session.version,
      uv: account.version,
    },
    Math.floor(session.expires_at.getTime() / 1000),
  )
  const lifetime = claims.exp - claims.iat
  return {
    token_type: 'Bearer',
    access_token: token,
    expires_in: lifetime,
    expires_at: toTime(claims.exp),
    refresh_at: toTime(claims.iat + refreshAfter(Math.min(lifetime, idleSeconds))),
    refresh_token: toRefreshToken(session.key, session),
    user: toUser(account),
  }
}

function refreshAfter(seconds: number): number {
  const jitter = (Math.random() * 2 - 1) * REFRESH_SPREAD_SECONDS
  return Math.floor(Math.max(seconds / 2, seconds - REFRESH_EARLY_SECONDS + jitter))
}

const toTime = (seconds: number): string => new Date(seconds * 1000).toISOString()
