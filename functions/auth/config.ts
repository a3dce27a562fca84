/** The settings of `auth`. */
import { type AccessTokenConfig, accessTokenSettings } from '../../shared/access-token-settings.ts'
import { integer, type Settings } from '../../shared/config.ts'
import { type KvConfig, kvSettings, type SqlConfig, sqlSettings } from '../../shared/deps.ts'

/** What `auth` reads beside the common settings. */
export interface AuthConfig extends SqlConfig, KvConfig, AccessTokenConfig {
  REFRESH_EXPIRE_DAYS: number
  REFRESH_GRACE_SECONDS: number
  SESSION_IDLE_SECONDS: number
  LOGIN_ATTEMPTS: number
  LOGIN_WINDOW_SECONDS: number
  REGISTER_ATTEMPTS: number
}

/** See {@link AuthConfig}. */
export const authSettings: Settings<AuthConfig> = {
  ...sqlSettings,
  ...kvSettings,
  ...accessTokenSettings,
  REFRESH_EXPIRE_DAYS: integer('days after which a session ends, used or not', 30, {
    min: 1,
    max: 365,
  }),
  REFRESH_GRACE_SECONDS: integer('how long the last refresh token still leads to the next', 10, {
    max: 60,
  }),
  SESSION_IDLE_SECONDS: integer('seconds without a refresh after which a session ends', 86_400, {
    min: 60,
  }),
  LOGIN_ATTEMPTS: integer('logins of one account, and failed ones of one network, per window', 5, {
    min: 1,
    max: 1_000,
  }),
  LOGIN_WINDOW_SECONDS: integer('the window of both limits', 300, { min: 1, max: 86_400 }),
  REGISTER_ATTEMPTS: integer('new accounts from one network per window', 20, {
    min: 1,
    max: 10_000,
  }),
}
