/** Access tokens of people (RFC 9068): `auth` issues them, the gateway proves them, and both read one rule book. */
import type { CryptoKey, JWK, JWTPayload } from 'jose'
import { createKeyRing, type KeyRing } from './access-token-keys.ts'
import type { AccessTokenConfig } from './access-token-settings.ts'
import { AppError } from './errors.ts'

/** What a token says. Permissions are not in it: they follow from `roles`. */
export interface AccessClaims {
  iss: string
  aud: string
  /** User id. */
  sub: string
  /** Session id; revocation is keyed on it, never on the token's text. */
  sid: string
  jti: string
  /** Epoch seconds, like `exp` and `auth_time`. */
  iat: number
  exp: number
  /** When the password was last given. */
  auth_time: number
  roles: string[]
  /** Version of the session. */
  sv: number
  /** Version of the user: a revocation of all sessions names the first version that lives on. */
  uv: number
}

/** What a token is issued for. */
export type AccessGrant = Pick<AccessClaims, 'sub' | 'sid' | 'auth_time' | 'roles' | 'sv' | 'uv'>

/** Issues and proves access tokens. */
export interface AccessTokens {
  /** Needs the signing key of the profile. The token ends at `notAfter` (epoch seconds) at the latest. */
  issue(grant: AccessGrant, notAfter?: number): Promise<{ token: string; claims: AccessClaims }>
  /**
   * Proves a token; says nothing about revocation. A token that was proven within the last minute costs one hash.
   * @throws {@link AppError} `token_invalid` or `token_expired`
   */
  verify(token: string): Promise<AccessClaims>
  /** The public keys as a JWKS (RFC 7517); empty in the HS256 profile. */
  publicKeys(): Promise<{ keys: JWK[] }>
}

/** Whom tokens come from and whom they are for. */
export const ISSUER = 'auth'
export const AUDIENCE = 'gateway'

const TYP = 'at+jwt'
/** Tolerance for clocks that differ; a token lives this much longer than it says. */
const SKEW_SECONDS = 30
const MAX_TOKEN_CHARS = 8_192
const MEMO_SIZE = 10_000
const MEMO_TTL_MS = 60_000
const REQUIRED = ['iss', 'aud', 'sub', 'sid', 'jti', 'iat', 'exp', 'auth_time', 'roles', 'sv', 'uv']

/**
 * Canonical base64url: a decoder accepts up to 16 spellings of the last character, and each would be another key of a
 * cache. So the unused bits must be zero.
 */
const SEGMENT = '(?:[\\w-]{4})*(?:[\\w-][AQgw]|[\\w-]{2}[AEIMQUYcgkosw048])?'
const CANONICAL = new RegExp(`^(?=[^.])(${SEGMENT})\\.(?=[^.])(${SEGMENT})\\.(?=[^.])${SEGMENT}$`)

/** Makes the tokens of the profile that `config` names. Keys are made on first use. */
export function createAccessTokens(
  config: AccessTokenConfig,
  { clock, id }: { clock: { now(): number }; id: () => string },
): AccessTokens {
  const memo = createMemo(clock)
  let loading: Promise<KeyRing> | undefined
  const ring = (): Promise<KeyRing> => {
    loading ??= createKeyRing(config, `aiwfe|${TYP}|${AUDIENCE}`)
    return loading
  }

  async function issue(
    grant: AccessGrant,
    notAfter = Number.POSITIVE_INFINITY,
  ): Promise<{ token: string; claims: AccessClaims }> {
    const { SignJWT } = await import('jose')
    const { alg, signing } = await ring()
    if (!signing) throw new TypeError('"JWT_PRIVATE_KEY" must be set to issue access tokens')
    const iat = Math.floor(clock.now() / 1000)
    const exp = Math.min(iat + Math.round(config.JWT_EXPIRE_HOURS * 3_600), notAfter)
    const claims = { iss: ISSUER, aud: AUDIENCE, ...grant, jti: id(), iat, exp }
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg, typ: TYP, kid: signing.kid })
      .sign(signing.key)
    return { token, claims }
  }

  async function verify(token: string): Promise<AccessClaims> {
    const parts = token.length <= MAX_TOKEN_CHARS ? CANONICAL.exec(token) : null
    if (!parts) throw invalid()
    const { hash } = process.getBuiltinModule('node:crypto')
    const key = hash('sha256', token, 'base64url')
    const known = memo.get(key)
    if (known) return known
    const { alg, verifying } = await ring()
    const kid = kidOf(readOurs(parts[1] ?? ''), alg)
    const verifier = verifying.get(kid)
    if (!verifier || !readOurs(parts[2] ?? '')) throw invalid()
    const claims = await prove(token, verifier, alg, clock.now())
    memo.set(key, claims)
    return claims
  }

  return { issue, verify, publicKeys: async () => ({ keys: (await ring()).published }) }
}

/** The error of every token that is not one of ours; which rule it broke is told to nobody. */
function invalid(cause?: unknown): AppError {
  return new AppError('token_invalid', 'the access token is not valid', { cause })
}

/** Reads a segment that we wrote: anything `JSON.stringify` would not write (duplicate members, 1e400) is not ours. */
function readOurs(segment: string): Record<string, unknown> | undefined {
  const text = Buffer.from(segment, 'base64url').toString('utf8')
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || JSON.stringify(value) !== text) return
    return value as Record<string, unknown>
  } catch {
    return undefined
  }
}

/** The header may hold three members and no more: no `crit`, `b64`, `jku`, `jwk` nor `x5u` (RFC 8725 3.10). */
function kidOf(header: Record<string, unknown> | undefined, expected: string): string {
  const { alg, typ, kid, ...others } = header ?? {}
  const known = alg === expected && typ === TYP && Object.keys(others).length === 0
  if (!known || typeof kid !== 'string') throw invalid()
  return kid
}

async function prove(
  token: string,
  key: CryptoKey,
  alg: string,
  now: number,
): Promise<AccessClaims> {
  const { jwtVerify, errors } = await import('jose')
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: [alg],
      typ: TYP,
      issuer: ISSUER,
      audience: AUDIENCE,
      requiredClaims: REQUIRED,
      clockTolerance: SKEW_SECONDS,
      currentDate: new Date(now),
    })
    if (!isClaims(payload) || payload.iat > now / 1000 + SKEW_SECONDS) throw invalid()
    return payload
  } catch (cause) {
    if (cause instanceof AppError) throw cause
    if (cause instanceof errors.JWTExpired) {
      throw new AppError('token_expired', undefined, { cause })
    }
    throw invalid(cause)
  }
}

function isClaims(payload: JWTPayload): payload is AccessClaims & JWTPayload {
  const { aud, sub, sid, jti, roles } = payload
  const { iat, exp, auth_time, sv, uv } = payload
  return (
    aud === AUDIENCE &&
    [sub, sid, jti].every(value => typeof value === 'string' && value !== '') &&
    [iat, exp, auth_time, sv, uv].every(
      value => Number.isSafeInteger(value) && Number(value) >= 0,
    ) &&
    Array.isArray(roles) &&
    roles.every(role => typeof role === 'string')
  )
}

/** The newest proofs, by the hash of the token: memory holds no bearer secret. */
function createMemo(clock: { now(): number }): {
  get(key: string): AccessClaims | undefined
  set(key: string, claims: AccessClaims): void
} {
  const entries = new Map<string, { claims: AccessClaims; until: number }>()
  return {
    get(key) {
      const entry = entries.get(key)
      if (!entry) return undefined
      entries.delete(key)
      if (clock.now() >= entry.until) return undefined
      entries.set(key, entry)
      return entry.claims
    },
    set(key, claims) {
      const oldest = entries.size >= MEMO_SIZE ? entries.keys().next() : undefined
      if (oldest && !oldest.done) entries.delete(oldest.value)
      const end = (claims.exp + SKEW_SECONDS) * 1000
      entries.set(key, { claims, until: Math.min(clock.now() + MEMO_TTL_MS, end) })
    },
  }
}
