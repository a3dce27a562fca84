/** Who sends an event: the service account that Knative makes for an object, and the audience of what it sends to. */

/** What an event is sent to. */
export interface PolicyObject {
  readonly group: string
  readonly kind: string
  readonly namespace: string
  readonly name: string
}

/** `system:serviceaccount:<namespace>:<name>-oidc-<group>-<kind>` (`GetOIDCServiceAccountNameForResource`). */
export function subjectOf({ group, kind, namespace, name }: PolicyObject): string {
  return `system:serviceaccount:${namespace}:${`${name}-oidc-${group}-${kind}`.toLowerCase()}`
}

/** `GetAudience`: `eventing.knative.dev/broker/default/default`. */
export function audienceOf({ group, kind, namespace, name }: PolicyObject): string {
  return `${group}/${kind}/${namespace}/${name}`.toLowerCase()
}

/** The group of an `apiVersion`; empty for the core group. */
export function groupOf(apiVersion: string): string {
  return apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : ''
}
