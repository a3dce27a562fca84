/** The settings of `migrations` beside the common ones. */
import type { Setting, Settings } from '../../shared/config.ts'
import {
  type SqlConfig,
  sqlSettings,
  type VectorsConfig,
  vectorsSettings,
} from '../../shared/deps.ts'

/** Passwords of the functions' roles, by function. */
export type RolePasswords = Readonly<Record<string, string>>

/** What `migrations` reads; its `DATABASE_URL` is the owner's, who makes the others' roles. */
export interface MigrationsConfig extends SqlConfig, VectorsConfig {
  DATABASE_ROLES: RolePasswords
}

/** As for any function; the role `aiwfe_<name>` must fit into PostgreSQL's 63 bytes. */
const NAME = /^[a-z][a-z0-9-]{0,56}$/
/** Characters that SASLprep (RFC 4013) leaves as they are, so that every client derives the same keys. */
const PASSWORD = /^[\x21-\x7e]{16,512}$/

const rolePasswords: Setting<RolePasswords> = {
  parse(value) {
    const found = parseRecord(value)
    const wrong = Object.entries(found).find(
      ([name, password]) =>
        !NAME.test(name) || typeof password !== 'string' || !PASSWORD.test(password),
    )
    if (wrong) {
      throw new TypeError(
        `must give each function a password of 16 to 512 visible ASCII characters, got another for ${JSON.stringify(wrong[0])}`,
      )
    }
    return found as RolePasswords
  },
  secret: true,
  about: 'passwords of database roles by function, as JSON: {"chat":"…"}',
}

/** See {@link MigrationsConfig}. */
export const migrationsSettings: Settings<MigrationsConfig> = {
  ...sqlSettings,
  ...vectorsSettings,
  DATABASE_ROLES: rolePasswords,
}

/** A parser's own message would repeat the text. */
function parseRecord(value: string): Record<string, unknown> {
  try {
    const found: unknown = JSON.parse(value)
    if (typeof found === 'object' && found !== null && !Array.isArray(found)) {
      return found as Record<string, unknown>
    }
  } catch {
    // Said below.
  }
  throw new TypeError('must be a JSON object of passwords by function')
}
