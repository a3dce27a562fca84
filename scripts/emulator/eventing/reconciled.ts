/** What reconciling a resource needs, and what comes of it. */

import type { Condition, ConditionStatus } from '../control/conditions.ts'
import type { BrokerResource, ChannelResource } from '../manifests/types.ts'
import type { Access } from './policy/access.ts'
import type { ObjectReference, ResolveRef } from './resolve.ts'

/** One condition as a controller sets it. */
export type Mark = readonly [
  type: string,
  status: ConditionStatus,
  reason?: string,
  message?: string,
]

/** The outcome for one resource. */
export interface Reconciled {
  readonly marks: readonly Mark[]
  /** The fields of the status beside conditions and observedGeneration. */
  readonly status: Readonly<Record<string, unknown>>
  /** Where events go, for triggers and subscriptions. */
  readonly url?: string
  readonly replyUrl?: string
  readonly deadLetterUrl?: string
}

/** The Ready condition of another object, for a Trigger's `knative.dev/dependency`; undefined when there is no object. */
export type ReadinessOf = (
  reference: ObjectReference,
) => Pick<Condition, 'status' | 'reason' | 'message'> | undefined

/** What the controllers see of the other resources. */
export interface World {
  readonly resolveRef: ResolveRef
  readonly readinessOf: ReadinessOf
  readonly access: () => Access
  broker(namespace: string, name: string): { resource: BrokerResource; ready: Mark } | undefined
  channel(
    kind: ChannelResource['kind'],
    namespace: string,
    name: string,
  ): { resource: ChannelResource; ready: Mark } | undefined
}

/** The conditions of each kind that decide over its Ready. */
export const DEPENDENTS: Readonly<Record<string, readonly string[]>> = {
  Broker: [
    'IngressReady',
    'TriggerChannelReady',
    'FilterReady',
    'Addressable',
    'DeadLetterSinkResolved',
    'EventPoliciesReady',
  ],
  Trigger: [
    'BrokerReady',
    'SubscriptionReady',
    'DependencyReady',
    'SubscriberResolved',
    'DeadLetterSinkResolved',
    'OIDCIdentityCreated',
  ],
  Channel: ['BackingChannelReady', 'Addressable', 'DeadLetterSinkResolved', 'EventPoliciesReady'],
  InMemoryChannel: [
    'DispatcherReady',
    'ServiceReady',
    'EndpointsReady',
    'Addressable',
    'ChannelServiceReady',
    'DeadLetterSinkResolved',
    'EventPoliciesReady',
  ],
  Subscription: ['ReferencesResolved', 'AddedToChannel', 'ChannelReady', 'OIDCIdentityCreated'],
}
