/**
 * Service identity: each function signs 60-second hop tokens with its own key, and accepts those meant for itself. Plain
 * `node:crypto`, and only this one kind of token: a JOSE library and WebCrypto cost every cold start 20 ms.
 */
import type { JsonWebKey, KeyObject } from 'node:crypto'
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

const ALG = 'EdDSA'
const TYP = 'svc+jwt'
const TTL_SECONDS = 60
/** What a peer may grant at most, for its streams. */
const MAX_TTL_SECONDS = 300
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
  const keys = new Map<string, JsonWebKey>()
  for (const key of (JSON.parse(publicKeys) as { keys: (JsonWebKey & { kid?: string })[] }).keys) {
    if (key.kid) keys.set(key.kid, key)
  }
  const imported = new Map<string, KeyObject>()
  const minted = new Map<string, { token: string; reusableUntil: number }>()
  const proven = new Map<string, { principal: Principal; expiresAt: number }>()
  let signer: KeyObject | undefined

  async function mint(audience: string, principal: Principal): Promise<string> {
    const { sub, kind, permissions, sid } = principal
    const key = `${audience} ${sub} ${sid ?? ''} ${permissions.join(',')}`
    const known = minted.get(key)
    if (known && clock.now() < known.reusableUntil) return known.token
    signer ??= crypto().createPrivateKey({ key: JSON.parse(privateKey), format: 'jwk' })
    const iat = Math.floor(clock.now() / 1000)
    const exp = iat + TTL_SECONDS
    const claims = { iss: service, aud: audience, sub, iat, exp, kind, perm: permissions, sid }
    const signed = `${encode({ alg: ALG, typ: TYP, kid: service })}.${encode(claims)}`
    const token = `${signed}.${crypto().sign(null, Buffer.from(signed), signer).toString('base64url')}`
    remember(minted, key, { token, reusableUntil: exp * 1000 - REUSE_MARGIN_MS })
    return token
  }

  async function verify(token: string): Promise<Principal> {
    const known = proven.get(token)
    if (known) {
      if (clock.now() < known.expiresAt) return known.principal
      proven.delete(token)
    }
    if (!CANONICAL.test(token)) throw invalid('is malformed')
    const [head = '', body = '', signature = ''] = token.split('.')
    const { alg, typ, kid, crit } = decode(head)
    // The key decides the algorithm, whatever the header says (RFC 8725 3.1).
    if (alg !== ALG || typ !== TYP || crit !== undefined) throw invalid('is of another kind')
    const signed = Buffer.from(`${head}.${body}`)
    const bytes = Buffer.from(signature, 'base64url')
    if (!crypto().verify(null, signed, publicKey(kid), bytes))
      throw invalid('has a wrong signature')
    const { principal, expiresAt } = toProof(decode(body), String(kid))
    remember(proven, token, { principal, expiresAt })
    return principal
  }

  function publicKey(kid: unknown): KeyObject {
    const name = typeof kid === 'string' ? kid : ''
    const known = imported.get(name)
    if (known) return known
    const jwk = keys.get(name)
    if (!jwk) throw invalid('names an unknown key')
    const key = crypto().createPublicKey({ key: jwk, format: 'jwk' })
    imported.set(name, key)
    return key
  }

  /** Every claim is wanted, of its type, and for us. */
  function toProof(claims: Claims, kid: string): { principal: Principal; expiresAt: number } {
    const { iss, aud, sub, iat, exp, kind, perm, sid } = claims
    if (iss !== kid || aud !== service) throw invalid('is not for this service')
    if (typeof sub !== 'string' || sub === '' || !isTexts(perm)) throw invalid('lacks a claim')
    if (kind !== 'user' && kind !== 'service') throw invalid('lacks a claim')
    if (!Number.isSafeInteger(iat) || !Number.isSafeInteger(exp)) throw invalid('lacks a claim')
    const expiresAt = (Number(exp) + SKEW_SECONDS) * 1000
    if (Number(exp) - Number(iat) > MAX_TTL_SECONDS) throw invalid('lives too long')
    if (clock.now() >= expiresAt) throw new AppError('token_expired')
    if (clock.now() < (Number(iat) - SKEW_SECONDS) * 1000) throw invalid('is not valid yet')
    const session = typeof sid === 'string' ? { sid } : {}
    return { expiresAt, principal: { sub, kind, service: kid, permissions: perm, ...session } }
  }

  return { mint, verify }
}

type Claims = Readonly<Record<string, unknown>>

const crypto = (): typeof import('node:crypto') => process.getBuiltinModule('node:crypto')

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

function decode(part: string): Claims {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    if (typeof value === 'object' && value !== null) return value as Claims
  } catch {
    // Answered below, like every other value that is no object.
  }
  throw invalid('is malformed')
}

const invalid = (what: string): AppError =>
  new AppError('token_invalid', `the service token ${what}`)

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
