/** Each client's session settings (role, search_path, time zone …) kept apart while all share one backend. */
import { literal, queryMessage } from './wire.ts'

/** A client's settings: the role that logged in, `SET ROLE`, and every parameter that differs from the default. */
export interface SessionSettings {
  user: string
  role: string
  parameters: Map<string, string>
}

/** Two clients with the same fingerprint can follow each other with nothing to switch. */
export function fingerprint(settings: SessionSettings): string {
  const parameters = [...settings.parameters].sort(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify([settings.user, settings.role, parameters])
}

/** The query that gives the backend `settings`. The role comes last: it may not be allowed to set the others. */
export function applySettings({ user, role, parameters }: SessionSettings): Buffer {
  const set = (name: string, value: string): string =>
    `SELECT set_config(${literal(name)}, ${literal(value)}, false)`
  const statements = [
    set('session_authorization', SUPERUSER),
    'RESET ALL',
    ...[...parameters].map(([name, value]) => set(name, value)),
    ...(user === SUPERUSER ? [] : [set('session_authorization', user)]),
    ...(role === 'none' ? [] : [set('role', role)]),
  ]
  return queryMessage(statements.join('; '))
}

/** The query whose rows `readSettings` understands; `custom` are names with a dot, which `pg_settings` does not list. */
export const captureSettings = (custom: Iterable<string>): Buffer =>
  queryMessage(
    `SELECT ' user', session_user::text UNION ALL SELECT ' role', current_setting('role')
     UNION ALL SELECT name, setting FROM pg_settings WHERE source = 'session'
     UNION ALL SELECT name, current_setting(name, true)
       FROM unnest(ARRAY[${[...custom].map(literal).join(', ')}]::text[]) AS name
       WHERE current_setting(name, true) <> ''`,
  )

/** Reads the rows of `captureSettings`. */
export function readSettings(rows: (string | null)[][]): SessionSettings {
  const parameters = new Map(rows.map(([name, value]) => [name ?? '', value ?? ''] as const))
  const user = parameters.get(' user') ?? SUPERUSER
  const role = parameters.get(' role') ?? 'none'
  parameters.delete(' user')
  parameters.delete(' role')
  return { user, role, parameters }
}

/** Whether a statement calls `set_config` for more than the running transaction. */
export const callsSetConfig = (statement: Buffer): boolean =>
  statement.includes('set_config') &&
  statement.toString('latin1').replace(LOCAL_CONFIG, '').includes('set_config')

/** Whether commands with these tags changed session settings; `SET LOCAL` has the tag `SET` too. */
export const changedSettings = (tags: string[], batch: Buffer[]): boolean =>
  tags.some(tag => tag === 'RESET' || tag === 'DISCARD ALL' || tag === 'SET') &&
  !batch.some(part => LOCAL_SET.test(part.toString('latin1', 0, 200)))

/** Names of custom settings (`area.name`) that these messages may have set. */
export const customNames = (batch: Buffer[]): string[] =>
  batch.flatMap(part => part.toString('latin1', 0, 4096).match(/\b[a-z_]\w*\.[a-z_]\w*/gi) ?? [])

const LOCAL_CONFIG = /set_config\s*\([^()]*,\s*true\s*\)/gi
const LOCAL_SET = /\bset\s+local\b/i

/** The role that owns the database and that PGlite runs as. */
export const SUPERUSER = 'postgres'
