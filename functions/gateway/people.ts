/** Proves the people who call: their access token, and that it has not been revoked. */
import type { AccessClaims, AccessTokens } from '../../shared/access-token.ts'
import { AppError } from '../../shared/errors.ts'
import { bearerOf, type Principal, permissionsOf } from '../../shared/principal.ts'
import type { Revocations } from './revocations.ts'

/** A proven person, as the functions behind the gateway will see them. */
export type Person = Principal & { kind: 'user'; sid: string }

/** Proves who holds a token. */
export interface People {
  /**
   * `stale` calls are answered even when nobody can say which tokens were revoked lately.
   * @throws {@link AppError} `unauthenticated`, `token_invalid`, `token_expired`, `token_revoked`, or
   * `dependency_unavailable` when the list of revocations is too old for a call that changes something
   */
  prove(authorization: string | undefined, options: { stale: boolean }): Promise<Person>
}

/** Makes the prover. Nothing it does on the way of a usual request leaves this process. */
export function createPeople({
  tokens,
  revocations,
}: {
  tokens: AccessTokens
  revocations: Revocations
}): People {
  // `tokens` remembers the claims it has proven, so the same object comes again.
  const known = new WeakMap<AccessClaims, Person>()

  function toPerson(claims: AccessClaims): Person {
    const person: Person = {
      sub: claims.sub,
      kind: 'user',
      service: 'gateway',
      permissions: permissionsOf(claims.roles),
      sid: claims.sid,
    }
    known.set(claims, person)
    return person
  }

  return {
    async prove(authorization, { stale }) {
      const token = bearerOf(authorization)
      if (!token) throw new AppError('unauthenticated', 'this call needs an access token')
      const claims = await tokens.verify(token)
      const age = await revocations.refresh()
      if (revocations.includes(claims)) throw new AppError('token_revoked')
      if (!stale && age === 'too-old') {
        throw new AppError('dependency_unavailable', 'revoked tokens cannot be told apart now', {
          details: { reason: 'auth_state_unavailable' },
          retryAfterSeconds: 5,
        })
      }
      return known.get(claims) ?? toPerson(claims)
    },
  }
}
