/** The Secret of the database: the owner's address, and for each function that of its own role. */
import type { ServiceResource } from '../emulator/manifests/types.ts'
import type { Secrets } from './secrets.ts'

/** The Secret that the manifests name. */
const SECRET = 'aiwfe-postgres'
/** Keys of {@link SECRET} that are no function's: the owner's address, and all passwords for `migrations`. */
const OWN_KEYS = ['url', 'roles']

/**
 * Provides the addresses of all roles that the manifests name; passwords are made once and kept.
 * @returns whether `migrations` has a password to learn
 * @throws TypeError when the owner's address cannot carry another user
 */
export function provideRoles(
  secrets: Secrets,
  services: readonly ServiceResource[],
  ownerUrl: string,
): boolean {
  const passwords = Object.fromEntries(
    roleNames(services).map(name => [
      name,
      secrets.resolve('aiwfe-local', `database-role-${name}`) ?? '',
    ]),
  )
  const urls = Object.entries(passwords).map(([name, password]) => [
    name,
    toRoleUrl(ownerUrl, `aiwfe_${name.replaceAll('-', '_')}`, password),
  ])
  const roles = JSON.stringify(passwords)
  const isNew = secrets.values(SECRET)?.roles !== roles
  secrets.provide(SECRET, { url: ownerUrl, ...Object.fromEntries(urls), roles })
  return isNew
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
