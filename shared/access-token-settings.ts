/** Settings of access tokens, apart from their code so that reading them costs a cold start nothing. */
import { choice, jwk, jwks, type Setting, type Settings } from './config.ts'

/** Where the keys of access tokens come from. */
export interface AccessTokenConfig {
  JWT_ALGORITHM: 'HS256' | 'EdDSA'
  JWT_SECRET: string
  JWT_SECRET_PREVIOUS: string
  JWT_PRIVATE_KEY: string
  JWT_PUBLIC_KEYS: string
  JWT_EXPIRE_HOURS: number
}

/**
 * The secret that keys are derived from. An HMAC key must be random, not a phrase (RFC 8725 3.5), so the values that
 * people leave in examples are refused.
 */
export const masterSecret = (about: string): Setting<string> => ({
  parse(value) {
    if (value.length < 32) throw new TypeError('must have at least 32 characters')
    if (new Set(value).size < 8 || /change.?me|placeholder|your[-_ ]|example/i.test(value)) {
      throw new TypeError('must be random, and looks like a placeholder')
    }
    return value
  },
  about,
  secret: true,
})

/**
 * What issues or proves access tokens reads these. `JWT_SECRET` is required here; a gateway of the EdDSA profile may
 * replace it by `{ ...masterSecret('…'), fallback: '' }`, for it then holds public keys only.
 */
export const accessTokenSettings: Settings<AccessTokenConfig> = {
  JWT_ALGORITHM: choice('HS256, or EdDSA with a key pair', ['HS256', 'EdDSA'], 'HS256'),
  JWT_SECRET: masterSecret('what keys are derived from (Secret aiwfe-auth, key jwt-secret)'),
  JWT_SECRET_PREVIOUS: {
    ...masterSecret('the secret before the last rotation; verifies, never signs'),
    fallback: '',
  },
  JWT_PRIVATE_KEY: jwk('the Ed25519 private JWK that auth signs with (EdDSA)', ''),
  JWT_PUBLIC_KEYS: jwks('the JWKS that tokens are checked against (EdDSA)', ''),
  JWT_EXPIRE_HOURS: {
    parse(value) {
      const hours = Number(value)
      if (!(hours >= 1 / 60 && hours <= 24)) throw new TypeError('must be a number from 0.02 to 24')
      return hours
    },
    about: 'hours that an access token lives; 0.25 is advised with EdDSA',
    fallback: 24,
  },
}
