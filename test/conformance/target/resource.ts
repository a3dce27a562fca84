/** Kubernetes objects as the rules read and write them. */

/** Fields that nobody typed. */
export type Fields = Readonly<Record<string, unknown>>

/** An object as the API server shows it. */
export interface Resource {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: Metadata
  readonly spec?: Fields
  readonly status?: Status
}

/** What one is made from; the server fills the rest. */
export interface Draft {
  readonly metadata: Pick<Metadata, 'name'> & Partial<Metadata>
  readonly spec?: Fields
  readonly [field: string]: unknown
}

/** `metadata`. */
export interface Metadata {
  readonly name: string
  readonly namespace?: string
  readonly uid?: string
  readonly generation?: number
  readonly resourceVersion?: string
  readonly creationTimestamp?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly ownerReferences?: readonly Owner[]
}

/** One of `metadata.ownerReferences`. */
export interface Owner {
  readonly kind: string
  readonly name: string
  readonly uid: string
  readonly controller?: boolean
}

/** What the rules look at in `status`. */
export interface Status extends Fields {
  readonly observedGeneration?: number
  readonly conditions?: readonly Condition[]
  readonly url?: string
  readonly address?: { readonly url?: string }
  readonly traffic?: readonly Traffic[]
  readonly latestCreatedRevisionName?: string
  readonly latestReadyRevisionName?: string
  readonly actualReplicas?: number
  readonly subscriberUri?: string
  readonly deadLetterSinkUri?: string
}

/** One of `status.conditions`. */
export interface Condition {
  readonly type: string
  readonly status: string
  readonly reason?: string
  readonly message?: string
  readonly severity?: string
  readonly lastTransitionTime?: string
}

/** One of `status.traffic`. */
export interface Traffic extends Fields {
  readonly revisionName?: string
  readonly percent?: number
  readonly tag?: string
  readonly url?: string
  readonly latestRevision?: boolean
}

/** The kinds that the rules use. */
export type Kind = keyof typeof KINDS

/** Where each kind lives. */
export const KINDS = {
  Service: { apiVersion: 'serving.knative.dev/v1', plural: 'services' },
  Configuration: { apiVersion: 'serving.knative.dev/v1', plural: 'configurations' },
  Route: { apiVersion: 'serving.knative.dev/v1', plural: 'routes' },
  Revision: { apiVersion: 'serving.knative.dev/v1', plural: 'revisions' },
  Broker: { apiVersion: 'eventing.knative.dev/v1', plural: 'brokers' },
  Trigger: { apiVersion: 'eventing.knative.dev/v1', plural: 'triggers' },
  InMemoryChannel: { apiVersion: 'messaging.knative.dev/v1', plural: 'inmemorychannels' },
  Channel: { apiVersion: 'messaging.knative.dev/v1', plural: 'channels' },
  Subscription: { apiVersion: 'messaging.knative.dev/v1', plural: 'subscriptions' },
  ConfigMap: { apiVersion: 'v1', plural: 'configmaps' },
} as const

/** The condition of `type`, if it is there. */
export function conditionOf({ status }: Resource, type: string = 'Ready'): Condition | undefined {
  return status?.conditions?.find(condition => condition.type === type)
}

/** Whether the newest spec has been dealt with, and the condition says `status`. */
export function isSettled(resource: Resource, status: string, type: string = 'Ready'): boolean {
  const { metadata } = resource
  const observed = resource.status?.observedGeneration
  return observed === metadata.generation && conditionOf(resource, type)?.status === status
}

/** The value at a path such as `spec.template.spec.containers.0.image`; undefined where there is none. */
export function at(value: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>(
      (inner, key) =>
        typeof inner === 'object' && inner !== null ? (inner as Fields)[key] : undefined,
      value,
    )
}
