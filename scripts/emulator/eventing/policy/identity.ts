/** Who sends an event: the service account that Knative makes for an object, and the audience of what it sends to. */

/** What an event is sent to. */
export interface PolicyObject {
  readonly group: string
  readonly kind: string
  readonly namespace: string
  readonly name: string
}

/** `<name>-oidc-<group>-<kind>` (`GetOIDCServiceAccountNameForResource`). */
export function serviceAccountOf({ group, kind, name }: PolicyObject): string {
  return `${name}-oidc-${group}-${kind}`.toLowerCase()
}

/** The `sub` of the tokens of an object's service account. */
export function subjectOf(owner: PolicyObject): string {
  return `system:serviceaccount:${owner.namespace}:${serviceAccountOf(owner)}`
}

/** `GetAudience`: `eventing.knative.dev/broker/default/default`. */
export function audienceOf({ group, kind, namespace, name }: PolicyObject): string {
  return `${group}/${kind}/${namespace}/${name}`.toLowerCase()
}

/** The group of an `apiVersion`; empty for the core group. */
export function groupOf(apiVersion: string): string {
  return apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : ''
}
