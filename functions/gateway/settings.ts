/** What the gateway reads from its environment. */
import {
  type AccessTokenConfig,
  accessTokenSettings,
  masterSecret,
} from '../../shared/access-token-settings.ts'
import { ConfigError, integer, type Setting, type Settings, url } from '../../shared/config.ts'
import { type KvConfig, kvSettings } from '../../shared/deps.ts'

/** Configuration of the gateway. */
export interface GatewayConfig extends AccessTokenConfig, KvConfig {
  /** Requests of one person, or one address, in any {@link API_RATE_WINDOW_SECONDS}. */
  API_RATE_LIMIT: number
  API_RATE_WINDOW_SECONDS: number
  /** Networks whose `X-Forwarded-For` is believed, as CIDRs. */
  TRUSTED_PROXIES: readonly string[]
  /** The forward proxy that reaches functions by their cluster names; none in a cluster. */
  HTTP_PROXY: string
  /** Web origins whose pages may call the API; none unless said. */
  CORS_ORIGINS: readonly string[]
}

/** See {@link GatewayConfig}. */
export const gatewaySettings: Settings<GatewayConfig> = {
  ...accessTokenSettings,
  // A gateway of the EdDSA profile holds public keys only; without any key no token is believed.
  JWT_SECRET: {
    ...masterSecret('what keys are derived from (Secret aiwfe-auth, key jwt-secret)'),
    fallback: '',
  },
  ...kvSettings,
  API_RATE_LIMIT: integer('requests of one caller in a window', 100, { min: 1, max: 1_000_000 }),
  API_RATE_WINDOW_SECONDS: integer('seconds of that window', 60, { min: 1, max: 86_400 }),
  TRUSTED_PROXIES: list('networks of our own proxies, as CIDRs', toCidr, [
    '127.0.0.0/8',
    '::1/128',
  ]),
  HTTP_PROXY: url('the forward proxy to the functions, where their names have no DNS', ''),
  CORS_ORIGINS: list('web origins that may call the API', toOrigin, []),
}

/**
 * The key of the profile must be there, or every token would be refused.
 * @throws {@link ConfigError}
 */
export function assertKeys({
  JWT_ALGORITHM,
  JWT_SECRET,
  JWT_PUBLIC_KEYS,
  JWT_PRIVATE_KEY,
}: AccessTokenConfig): void {
  const missing =
    JWT_ALGORITHM === 'HS256'
      ? !JWT_SECRET && 'JWT_SECRET'
      : !JWT_PUBLIC_KEYS && !JWT_PRIVATE_KEY && 'JWT_PUBLIC_KEYS'
  if (!missing) return
  throw new ConfigError('gateway', [`"${missing}" is missing: ${JWT_ALGORITHM} proves with it`])
}

function list(
  about: string,
  parseItem: (item: string) => string,
  fallback: readonly string[],
): Setting<readonly string[]> {
  return {
    parse: value =>
      value
        .split(',')
        .map(item => item.trim())
        .filter(item => item !== '')
        .map(parseItem),
    about,
    fallback,
  }
}

function toCidr(item: string): string {
  const match = /^([0-9a-f.:]+)\/(\d{1,3})$/i.exec(item)
  const { isIP } = process.getBuiltinModule('node:net')
  const family = isIP(match?.[1] ?? '')
  if (family === 0 || Number(match?.[2]) > (family === 4 ? 32 : 128)) {
    throw new TypeError('must be a list of CIDRs, e.g. 10.0.0.0/8')
  }
  return item
}

/** An origin as browsers write it; a wildcard, a path or `null` is a mistake that opens the API. */
function toOrigin(item: string): string {
  if (!URL.canParse(item) || new URL(item).origin !== item || item === 'null') {
    throw new TypeError('must be a list of web origins, e.g. https://app.example.org')
  }
  return item
}
