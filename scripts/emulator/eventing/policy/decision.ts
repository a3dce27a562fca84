/** Whether someone may send an event to an object: `pkg/auth/verifier.go` and `event_policy.go`. */
import type { EventPolicyResource } from '../../manifests/eventing-types.ts'
import { selects } from '../../manifests/label-selector.ts'
import type { CloudEvent } from '../event.ts'
import { match } from '../filters.ts'
import { groupOf, type PolicyObject } from './identity.ts'

/** What holds where no policy applies: the feature `default-authorization-mode`. */
export type DefaultMode = 'allow-same-namespace' | 'allow-all' | 'deny-all'

/** A policy with its subjects resolved. */
export interface ResolvedPolicy {
  readonly policy: EventPolicyResource
  /** `status.from`. */
  readonly from: readonly string[]
}

/** The policies that protect an object; one without `to` protects all of its namespace. */
export function applying(
  policies: readonly ResolvedPolicy[],
  target: PolicyObject,
  labels: Readonly<Record<string, string>>,
): ResolvedPolicy[] {
  return policies.filter(
    ({ policy }) =>
      policy.namespace === target.namespace &&
      (policy.to.length === 0 || policy.to.some(to => isMeant(to, target, labels))),
  )
}

/** Undefined when it is allowed, else why not. */
export function forbid(
  policies: readonly ResolvedPolicy[],
  { subject, target, event }: { subject: string; target: PolicyObject; event: CloudEvent },
  mode: DefaultMode,
): string | undefined {
  if (policies.length > 0) {
    const allowed = policies.some(
      ({ from, policy: { filters } }) =>
        contains(from, subject) && (filters.length === 0 || match({ filters }, event).matched),
    )
    const names = policies.map(({ policy }) => policy.name).join(', ')
    return allowed ? undefined : `${subject} is let in by none of the event policies ${names}`
  }
  return BY_DEFAULT[mode](subject, target.namespace)
}

const BY_DEFAULT: Record<DefaultMode, (subject: string, namespace: string) => string | undefined> =
  {
    'allow-all': () => undefined,
    'deny-all': () => 'no event policy applies, and default-authorization-mode is deny-all',
    'allow-same-namespace': (subject, namespace) =>
      subject.startsWith(`system:serviceaccount:${namespace}:`)
        ? undefined
        : `no event policy applies, and ${subject} is not of namespace ${namespace} (default-authorization-mode allow-same-namespace)`,
  }

/** `SubjectContained`: the same name whatever its case, or a prefix that ends with `*`. */
export function contains(allowed: readonly string[], subject: string): boolean {
  return allowed.some(
    each =>
      each.toLowerCase() === subject.toLowerCase() ||
      (each.endsWith('*') && subject.startsWith(each.slice(0, -1))),
  )
}

function isMeant(
  to: EventPolicyResource['to'][number],
  { group, kind, name }: PolicyObject,
  labels: Readonly<Record<string, string>>,
): boolean {
  const same = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase()
  if ('ref' in to) {
    const { ref } = to
    return same(ref.name, name) && same(groupOf(ref.apiVersion), group) && same(ref.kind, kind)
  }
  const { selector } = to
  return (
    same(groupOf(selector.apiVersion), group) &&
    same(selector.kind, kind) &&
    selects(selector, labels)
  )
}
