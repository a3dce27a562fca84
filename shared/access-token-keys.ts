/** The keys of access tokens, by profile: which one signs, and which ones are believed. */
import type { CryptoKey, JWK } from 'jose'
import type { AccessTokenConfig } from './access-token-settings.ts'

/** Keys by `kid`; the ring fixes the algorithm, a token never chooses it (RFC 8725 3.1). */
export interface KeyRing {
  alg: 'HS256' | 'EdDSA'
  verifying: ReadonlyMap<string, CryptoKey>
  /** Absent where only public keys are known. */
  signing?: { kid: string; key: CryptoKey }
  /** Public keys; none in the HS256 profile. */
  published: JWK[]
}

/** Makes the ring of the profile that `config` names; `purpose` is what derived keys are bound to. */
export async function createKeyRing(config: AccessTokenConfig, purpose: string): Promise<KeyRing> {
  return config.JWT_ALGORITHM === 'HS256' ? deriveKeys(config, purpose) : importKeys(config)
}

/** One key for each secret: HKDF bound to kid and purpose, so that it can sign nothing else. */
async function deriveKeys(config: AccessTokenConfig, purpose: string): Promise<KeyRing> {
  const { createHmac, hkdfSync } = process.getBuiltinModule('node:crypto')
  const secrets = [config.JWT_SECRET, config.JWT_SECRET_PREVIOUS].filter(secret => secret !== '')
  const pairs = await Promise.all(
    secrets.map(async secret => {
      const kid = createHmac('sha256', secret).update('kid').digest().toString('base64url', 0, 8)
      const bytes = hkdfSync('sha256', secret, kid, purpose, 32)
      const algorithm = { name: 'HMAC', hash: 'SHA-256' }
      const uses: ('sign' | 'verify')[] = ['sign', 'verify']
      const key = await crypto.subtle.importKey('raw', bytes, algorithm, false, uses)
      return { kid, key }
    }),
  )
  const verifying = new Map(pairs.map(({ kid, key }) => [kid, key]))
  return { alg: 'HS256', verifying, published: [], ...(pairs[0] && { signing: pairs[0] }) }
}

/** Ed25519: the private key signs, every published key verifies (the retired ones among them). */
async function importKeys(config: AccessTokenConfig): Promise<KeyRing> {
  const { importJWK, calculateJwkThumbprint } = await import('jose')
  const privateJwk = config.JWT_PRIVATE_KEY
    ? (JSON.parse(config.JWT_PRIVATE_KEY) as JWK)
    : undefined
  const listed = config.JWT_PUBLIC_KEYS
    ? (JSON.parse(config.JWT_PUBLIC_KEYS) as { keys: JWK[] }).keys
    : []
  const published = await Promise.all(
    [...(privateJwk ? [privateJwk] : []), ...listed].map(async ({ kty, crv, x, kid }) => {
      const jwk = { kty, crv, x } as JWK
      return { ...jwk, kid: kid ?? (await calculateJwkThumbprint(jwk)), alg: 'EdDSA', use: 'sig' }
    }),
  )
  const verifying = new Map<string, CryptoKey>()
  for (const jwk of published) {
    if (!verifying.has(jwk.kid))
      verifying.set(jwk.kid, (await importJWK(jwk, 'EdDSA')) as CryptoKey)
  }
  const unique = [...new Map(published.map(jwk => [jwk.kid, jwk])).values()]
  const kid = published[0]?.kid
  if (!privateJwk || kid === undefined) return { alg: 'EdDSA', verifying, published: unique }
  const key = (await importJWK(privateJwk, 'EdDSA')) as CryptoKey
  return { alg: 'EdDSA', verifying, published: unique, signing: { kid, key } }
}
