/** Service identity: each function signs 60-second hop tokens with its own key, and accepts those meant for itself. */
import type { JWK, JWTPayload } from 'jose'
import { AppError } from './errors.ts'
import type { Principal } from './principal.ts'

/** Issues and checks hop tokens (`typ: svc+jwt`, EdDSA; RFC 8725 3.11, RFC 8693 `act`). */
export interface Identity {
  /** A token that lets this function call `audience` on behalf of `principal`. Reused while it has 15 s left. */
  mint(audience: string, principal: Principal): Promise<string>
  /**
   * Proves who calls us.
   * @throws {@link AppError} `token_invalid` or `token_expired`
   */
  verify(token: string): Promise<Principal>
}

/** What an identity is made of. */
export interface IdentityOptions {
  service: string
  /** This function's private Ed25519 JWK, as JSON. */
  privateKey: string
  /** Public keys of all functions, as a JWKS in JSON; each `kid` is the function's name. */
  publicKeys: string
  clock: { now(): number }
}

const TYP = 'svc+jwt'
const TTL_SECONDS = 60
const SKEW_SECONDS = 30
const REUSE_MARGIN_MS = 15_000
const CACHE_SIZE = 1_000
/** Compact JWS in canonical base64url only: other spellings of one signature must not pass as other tokens. */
const CANONICAL = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{85}[AQgw]$/

/** Makes the identity of one function. Keys are imported on first use. */
export function createIdentity({
  service,
  privateKey,
  publicKeys,
  clock,
}: IdentityOptions): Identity {
  const keys = new Map<string, JWK>()
  for (const key of (JSON.parse(publicKeys) as { keys: JWK[] }).keys) {
    if (key.kid) keys.set(key.kid, key)
  }
  const minted = new Map<string, { token: string; reusableUntil: number }>()
  const proven = new Map<string, { principal: Principal; expiresAt: number }>()

  async function mint(audience: string, principal: Principal): Promise<string> {
    const key = `${audience} ${principal.sub} ${principal.sid ?? ''} ${principal.permissions.join(',')}`
    const known = minted.get(key)
    if (known && clock.now() < known.reusableUntil) return known.token
    const { SignJWT, importJWK } = await import('jose')
    const issuedAt = Math.floor(clock.now() / 1000)
    const token = await new SignJWT({
      kind: principal.kind,
      perm: principal.permissions,
      ...(principal.sid && { sid: principal.sid }),
      act: { sub: service },
    })
      .setProtectedHeader({ alg: 'EdDSA', typ: TYP, kid: service })
      .setIssuer(service)
      .setAudience(audience)
      .setSubject(principal.sub)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + TTL_SECONDS)
      .sign(await importJWK(JSON.parse(privateKey) as JWK, 'EdDSA'))
    remember(minted, key, {
      token,
      reusableUntil: (issuedAt + TTL_SECONDS) * 1000 - REUSE_MARGIN_MS,
    })
    return token
  }

  async function verify(token: string): Promise<Principal> {
    const known = proven.get(token)
    if (known) {
      if (clock.now() < known.expiresAt) return known.principal
      proven.delete(token)
    }
    if (!CANONICAL.test(token))
      throw new AppError('token_invalid', 'the service token is malformed')
    const { jwtVerify, importJWK, errors } = await import('jose')
    try {
      const { payload, protectedHeader } = await jwtVerify(
        token,
        header => {
          const jwk = keys.get(header.kid ?? '')
          if (!jwk) throw new errors.JWKSNoMatchingKey()
          return importJWK(jwk, 'EdDSA')
        },
        {
          algorithms: ['EdDSA'],
          typ: TYP,
          audience: service,
          requiredClaims: ['iss', 'sub', 'iat', 'exp'],
          clockTolerance: SKEW_SECONDS,
          currentDate: new Date(clock.now()),
        },
      )
      const principal = toPrincipal(payload, protectedHeader.kid ?? '')
      const expiresAt = ((payload.exp ?? 0) + SKEW_SECONDS) * 1000
      remember(proven, token, { principal, expiresAt })
      return principal
    } catch (cause) {
      if (cause instanceof errors.JWTExpired)
        throw new AppError('token_expired', undefined, { cause })
      throw new AppError('token_invalid', 'the service token is not valid here', { cause })
    }
  }

  return { mint, verify }
}

function toPrincipal(payload: JWTPayload, kid: string): Principal {
  const { iss, sub, kind, perm, sid } = payload
  if (iss !== kid || !sub || (kind !== 'user' && kind !== 'service') || !isTexts(perm)) {
    throw new AppError('token_invalid', 'the service token lacks a claim')
  }
  return {
    sub,
    kind,
    service: iss,
    permissions: perm,
    ...(typeof sid === 'string' && { sid }),
  }
}

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every(item => typeof item === 'string')

/** Keeps the newest entries; the oldest leaves when the cache is full. */
function remember<V>(cache: Map<string, V>, key: string, value: V): void {
  if (cache.size >= CACHE_SIZE) {
    const oldest = cache.keys().next()
    if (!oldest.done) cache.delete(oldest.value)
  }
  cache.set(key, value)
}
