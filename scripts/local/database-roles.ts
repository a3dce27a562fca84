/** The Secret of the database: the owner's address, and for each function that of its own role. */
import { databaseRole } from '../../shared/database-role.ts'
import type { ServiceResource } from '../emulator/manifests/types.ts'
import type { Secrets } from './secrets.ts'

/** The Secret that the manifests name. */
const SECRET = 'aiwfe-postgres'
/** Keys of {@link SECRET} that are no function's: the owner's address, and all passwords for `migrations`. */
const OWN_KEYS = ['url', 'roles']

/** Hands functions their addresses. */
export interface DatabaseRoles {
  /**
   * Provides the addresses of all roles that the manifests name; passwords are made once and kept.
   * @returns whether `migrations` has a password to learn
   */
  provide(services: readonly ServiceResource[]): boolean
}

/** Where the database is, and whose. */
export interface DatabaseRolesOptions {
  readonly secrets: Secrets
  readonly ownerUrl: string
  /** All functions log in as the owner, who may not make roles. */
  readonly isShared: boolean
}

/** Roles behind one owner's address. `provide` throws a TypeError when that cannot carry another user. */
export function createDatabaseRoles({
  secrets,
  ownerUrl,
  isShared,
}: DatabaseRolesOptions): DatabaseRoles {
  const passwordOf = (name: string): string =>
    secrets.resolve('aiwfe-local', `database-role-${name}`) ?? ''

  return {
    provide(services) {
      const names = roleNames(services)
      const passwords = isShared ? [] : names.map(name => [name, passwordOf(name)] as const)
      const own = passwords.map(([name, password]) => [
        name,
        toRoleUrl(ownerUrl, databaseRole(name), password),
      ])
      const urls = isShared ? names.map(name => [name, ownerUrl]) : own
      const roles = JSON.stringify(Object.fromEntries(passwords))
      const isNew = secrets.values(SECRET)?.roles !== roles
      secrets.provide(SECRET, { url: ownerUrl, ...Object.fromEntries(urls), roles })
      return isNew
    },
  }
}

/** Whether the owner may make roles. A database that cannot be asked is somebody else's to complain about. */
export async function mayMakeRoles(ownerUrl: string): Promise<boolean> {
  const { default: postgres } = await import('postgres')
  const sql = postgres(ownerUrl, { max: 1, connect_timeout: 5, fetch_types: false })
  try {
    const [found] = await sql<{ may: boolean }[]>`
      select rolsuper or rolcreaterole as may from pg_roles where rolname = current_user`
    return found?.may ?? true
  } catch {
    return true
  } finally {
    await sql.end({ timeout: 1 })
  }
}

/** The functions whose manifest takes its address from the Secret. */
function roleNames(services: readonly ServiceResource[]): string[] {
  const keys = services.flatMap(({ template }) =>
    template.env.flatMap(variable =>
      'secret' in variable && variable.secret.name === SECRET ? [variable.secret.key] : [],
    ),
  )
  return [...new Set(keys)].filter(key => !OWN_KEYS.includes(key)).sort()
}

/** The owner's address with another user in it: same server, same database, same options. */
export function toRoleUrl(ownerUrl: string, role: string, password: string): string {
  const url = new URL(ownerUrl)
  if (url.host === '') throw new TypeError('"DATABASE_URL" must name a host, got none')
  // Without a name it is the user's.
  if (url.pathname.length <= 1) url.pathname = `/${url.username}`
  url.username = role
  url.password = password
  return url.href
}
