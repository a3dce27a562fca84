/** Who is asking: a person through the gateway, or a function on its own behalf. */

/** A proven caller. */
export interface Principal {
  /** User id, or the function's name when it acts for itself. */
  sub: string
  kind: 'user' | 'service'
  /** The function that made this call: `gateway` for people. */
  service: string
  /** Granted permissions, e.g. `api:read`, `cognitive:*`; services are judged by `callers` instead. */
  permissions: readonly string[]
  /** The user's session, when there is one. */
  sid?: string
}

/** The token of `Authorization: Bearer <token>`; a scheme is case-insensitive (RFC 9110 11.1). */
export const bearerOf = (authorization: string | undefined): string | undefined =>
  /^Bearer ([^\s,]+)$/i.exec(authorization ?? '')?.[1]

/** A role that an account can hold. */
export type Role = 'admin' | 'user' | 'readonly'

/**
 * Roles of the platform; an explicit list, no inheritance. Everybody signed in also holds `self:*`: rights over their
 * own account and data, bound to their id.
 */
export const ROLES: Readonly<Record<Role, readonly string[]>> = {
  admin: ['api:*', 'cognitive:*', 'data:*', 'system:*'],
  user: ['api:read', 'api:workflow:*', 'cognitive:inference'],
  readonly: ['api:read'],
}

const SELF = 'self:*'

/** The permissions of an account that holds `roles`; an unknown role grants nothing. */
export function permissionsOf(roles: readonly string[]): string[] {
  const granted = new Set<string>([SELF])
  for (const role of roles) {
    for (const permission of (ROLES as Record<string, readonly string[]>)[role] ?? []) {
      granted.add(permission)
    }
  }
  return [...granted]
}

/**
 * Whether `granted` covers `wanted`: `a:*` covers `a:b` and `a:b:c`, never `a` nor `ab:c`; `*` covers all; the wanted
 * permission itself may hold no wildcard.
 */
export function allows(granted: readonly string[], wanted: string): boolean {
  if (wanted.includes('*')) return false
  return granted.some(
    grant =>
      grant === wanted ||
      grant === '*' ||
      (grant.endsWith(':*') &&
        wanted.startsWith(grant.slice(0, -1)) &&
        wanted.length >= grant.length),
  )
}
