/** Identity tokens as the API server of a cluster issues them, signed with a key that lives as long as the emulator. */
import type { GenerateKeyPairResult, JWK } from 'jose'
import type { Clock } from '../../clock.ts'

/** Issues and verifies tokens. */
export interface Tokens {
  /** A JWT for one audience; valid for an hour of virtual time. */
  issue(subject: string, audience: string): Promise<string>
  /** The subject of a valid token. @throws Error that says why it is not valid */
  verify(token: string, audience: string): Promise<string>
  /** The public keys. */
  keys(): Promise<{ keys: JWK[] }>
}

/** `spec.expirationSeconds` of a TokenRequest. */
const LIFE_SECONDS = 3_600
const ISSUER = 'https://kubernetes.default.svc'
const ALGORITHM = 'ES256'

/** The key is made when it is first needed. */
export function createTokens(clock: Clock): Tokens {
  let pair: Promise<GenerateKeyPairResult> | undefined
  // Loaded when it is needed: most emulators never issue a token.
  const jose = () => import('jose')
  const getPair = (): Promise<GenerateKeyPairResult> => {
    pair ??= jose().then(({ generateKeyPair }) => generateKeyPair(ALGORITHM))
    return pair
  }
  return {
    async issue(subject, audience) {
      const { privateKey } = await getPair()
      const { SignJWT } = await jose()
      const now = Math.floor(clock.now() / 1_000)
      return new SignJWT()
        .setProtectedHeader({ alg: ALGORITHM })
        .setIssuer(ISSUER)
        .setSubject(subject)
        .setAudience(audience)
        .setIssuedAt(now)
        .setExpirationTime(now + LIFE_SECONDS)
        .sign(privateKey)
    },
    async verify(token, audience) {
      const { publicKey } = await getPair()
      const { jwtVerify } = await jose()
      const { payload } = await jwtVerify(token, publicKey, {
        issuer: ISSUER,
        audience,
        algorithms: [ALGORITHM],
        currentDate: new Date(clock.now()),
        requiredClaims: ['sub', 'exp'],
      })
      return payload.sub ?? ''
    },
    async keys() {
      const { publicKey } = await getPair()
      const { exportJWK } = await jose()
      return { keys: [await exportJWK(publicKey)] }
    },
  }
}
