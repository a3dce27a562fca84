/** Keeps EventPolicies, and decides with them over each event that comes in while authentication is on. */
import type { EventPolicyResource, PolicySubject } from '../../manifests/eventing-types.ts'
import type { Headers } from '../codec.ts'
import { type Controller, createController, type Surroundings } from '../controller.ts'
import type { CloudEvent } from '../event.ts'
import { findObject } from '../find-object.ts'
import { createShelf, type Held } from '../shelf.ts'
import { OPEN } from './access.ts'
import { applying, type DefaultMode, forbid, type ResolvedPolicy } from './decision.ts'
import { audienceOf, groupOf, type PolicyObject, subjectOf } from './identity.ts'
import type { Tokens } from './tokens.ts'

/** The controller, and its decisions. */
export interface EventPolicies extends Controller<EventPolicyResource> {
  standing: Surroundings['policies']
  /** Undefined when the event may come in; else the answer. */
  authorize(request: {
    /** What was sent to, and what else its policies protect it by. */
    readonly guarded: readonly [PolicyObject, ...PolicyObject[]]
    readonly headers: Headers
    readonly event: CloudEvent
  }): Promise<{ status: number; message: string } | undefined>
}

/** `authentication` is the feature `authentication-oidc`, off on a fresh installation. */
export function createEventPolicies(
  around: Surroundings,
  {
    authentication,
    defaultMode,
    tokens,
  }: { authentication: boolean; defaultMode: DefaultMode; tokens: Tokens },
): EventPolicies {
  const { clock, log } = around
  const shelf = createShelf<EventPolicyResource>({
    clock,
    apiVersion: API,
    dependents: ['AuthenticationEnabled', 'SubjectsResolved'],
  })
  let resolved: ResolvedPolicy[] = []

  function warn({ resource: { name, file, line } }: Held<EventPolicyResource>): void {
    if (authentication) return
    log.warn(
      name,
      `${file}:${line}: an EventPolicy protects nothing while the feature authentication-oidc is off; a cluster refuses it then`,
    )
  }

  function settled(): void {
    resolved = shelf.all().flatMap(mark)
  }

  function mark(held: Held<EventPolicyResource>): ResolvedPolicy[] {
    const { resource, conditions } = held
    held.status = {}
    if (!authentication) {
      conditions.set('AuthenticationEnabled', 'False', {
        reason: 'OIDCAuthenticationNotEnabled',
        message: 'oidc-authentication feature not enabled',
      })
      return []
    }
    conditions.set('AuthenticationEnabled', 'True')
    const missing = resource.from.find(from => 'ref' in from && !exists(from))
    if (missing && 'ref' in missing) {
      const { kind, name } = missing.ref
      const message = `could not resolve subjects from reference: ${kind} "${name}" not found`
      conditions.set('SubjectsResolved', 'False', { reason: 'SubjectsNotResolved', message })
      return []
    }
    conditions.set('SubjectsResolved', 'True')
    const from = resource.from.map(toSubject)
    held.status = { from }
    return [{ policy: resource, from }]
  }

  const exists = (subject: PolicySubject): boolean =>
    'sub' in subject || findObject(around.world(), subject.ref) !== undefined

  const labelsOf = (target: PolicyObject): Readonly<Record<string, string>> =>
    findObject(around.world(), target)?.metadata.labels ?? {}

  return {
    ...createController(shelf, around, { applied: warn, settled }),
    standing(target) {
      if (!authentication) return OPEN.policies(target)
      const names = applying(resolved, target, labelsOf(target)).map(each => each.policy.name)
      if (names.length > 0) {
        return { why: {}, status: { policies: names.map(name => ({ apiVersion: API, name })) } }
      }
      const message = `Default authz mode is ${JSON.stringify(defaultMode)}`
      return { why: { reason: 'DefaultAuthorizationMode', message }, status: {} }
    },
    async authorize({ guarded, headers, event }) {
      if (!authentication) return undefined
      const [target] = guarded
      const token = bearerOf(headers)
      if (token === undefined) return { status: 401, message: 'no JWT token found in request' }
      let subject: string
      try {
        subject = await tokens.verify(token, audienceOf(target))
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error)
        return { status: 401, message: `failed to verify JWT: ${why}` }
      }
      const policies = guarded.flatMap(each => applying(resolved, each, labelsOf(each)))
      const why = forbid(policies, { subject, target, event }, defaultMode)
      return why === undefined ? undefined : { status: 403, message: why }
    },
  }
}

const API = 'eventing.knative.dev/v1alpha1'

const toSubject = (from: PolicySubject): string =>
  'sub' in from ? from.sub : subjectOf({ ...from.ref, group: groupOf(from.ref.apiVersion) })

function bearerOf(headers: Headers): string | undefined {
  const value = headers.authorization
  return typeof value === 'string' ? /^Bearer (\S+)$/.exec(value)?.[1] : undefined
}
