/** The manifests after parsing, defaulting and checking: what serving and eventing work from. */

import type { Birth, OwnerReference } from '../control/object.ts'
import type { EventingResource } from './eventing-types.ts'

/** Where in a manifest file something was read. */
export interface SourceLine {
  readonly file: string
  readonly line: number
}

/** An object that was written down somewhere. */
export interface Written extends SourceLine {
  /** As it was written, before defaulting; absent when it was made in code. */
  readonly document?: Readonly<Record<string, unknown>>
  /** The object that it is again, after a restart. */
  readonly born?: Birth
}

/** An environment variable of a function: a literal, or a reference that the caller resolves. */
export type EnvVar =
  | { readonly name: string; readonly value: string }
  | { readonly name: string; readonly secret: KeyReference }
  | { readonly name: string; readonly configMap: KeyReference }

/** All keys of a Secret or ConfigMap in the Service's own namespace. */
export interface EnvSource {
  readonly kind: 'ConfigMap' | 'Secret'
  readonly name: string
  readonly prefix: string
  readonly optional: boolean
}

/** Files of a container. */
export interface VolumeMount {
  readonly mountPath: string
  readonly subPath?: string
  /** None is scratch space. */
  readonly sources: readonly VolumeSource[]
}

/** Keys of a Secret or ConfigMap as files. */
export interface VolumeSource {
  readonly kind: 'ConfigMap' | 'Secret'
  readonly name: string
  readonly optional: boolean
  /** Only these keys, at these paths. */
  readonly items?: readonly { readonly key: string; readonly path: string }[]
}

/** One key of a Secret or ConfigMap in the Service's own namespace. */
export interface KeyReference {
  readonly name: string
  readonly key: string
  readonly optional: boolean
}

/** How a replica is asked whether it is well; `tcp` on the user port is Knative's default for readiness. */
export type Probe = ProbeCheck & ProbeTiming

/** What is asked. */
export type ProbeCheck =
  | { readonly kind: 'tcp' }
  | {
      readonly kind: 'http'
      readonly path: string
      readonly headers: Readonly<Record<string, string>>
    }
  /** The gRPC health protocol. */
  | { readonly kind: 'grpc'; readonly service: string }
  /** Passes when the command exits with 0. */
  | { readonly kind: 'exec'; readonly command: readonly string[] }

/** `periodSeconds` 0, for readiness only, means Knative's aggressive polling. */
export interface ProbeTiming {
  readonly initialDelaySeconds: number
  readonly periodSeconds: number
  readonly timeoutSeconds: number
  readonly successThreshold: number
  readonly failureThreshold: number
}

/** `spec.template` of a Service: the part whose change makes a new revision. */
export interface RevisionTemplate {
  /** A bring-your-own revision name, which must start with the Service's name. */
  readonly name?: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly image: string
  readonly command?: readonly string[]
  readonly args?: readonly string[]
  readonly workingDir?: string
  /** `securityContext.runAsUser`. */
  readonly runAsUser?: number
  readonly env: readonly EnvVar[]
  /** Weaker than `env`; of two sources the later one is stronger. */
  readonly envFrom?: readonly EnvSource[]
  readonly mounts?: readonly VolumeMount[]
  readonly port: number
  readonly portName: 'http1' | 'h2c'
  /** 0 is unlimited. */
  readonly containerConcurrency: number
  readonly timeoutSeconds: number
  readonly responseStartTimeoutSeconds?: number
  readonly idleTimeoutSeconds?: number
  readonly readinessProbe: Probe
  /** A process that fails it is started anew. */
  readonly livenessProbe?: Probe
  /** Holds the other two off until it has passed once. */
  readonly startupProbe?: Probe
}

/** One line of `spec.traffic`. */
export interface TrafficTarget {
  readonly revisionName?: string
  readonly latestRevision: boolean
  readonly percent: number
  readonly tag?: string
}

/** A `serving.knative.dev/v1` Service. */
export interface ServiceResource extends Written {
  readonly namespace: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly template: RevisionTemplate
  readonly traffic: readonly TrafficTarget[]
}

/** A `messaging`/duck Destination: an object, a URI, or a URI relative to the object. */
export interface Destination {
  readonly ref?: {
    readonly apiVersion: string
    readonly kind: string
    readonly name: string
    readonly namespace: string
  }
  readonly uri?: string
}

/** `spec.delivery`, durations in milliseconds. */
export interface DeliverySpec {
  readonly retry?: number
  readonly backoffPolicy?: 'linear' | 'exponential'
  readonly backoffDelayMs?: number
  readonly timeoutMs?: number
  /** Only with the feature `delivery-retryafter`. */
  readonly retryAfterMaxMs?: number
  /** The content mode towards the subscriber; binary unless told. */
  readonly format?: 'json' | 'binary'
  readonly deadLetterSink?: Destination
}

/** An `eventing.knative.dev/v1` Broker. */
export interface BrokerResource extends Written {
  readonly namespace: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly delivery?: DeliverySpec
}

/** One node of the subscriptions API's filter tree. */
export type FilterExpression =
  | { readonly exact: Readonly<Record<string, string>> }
  | { readonly prefix: Readonly<Record<string, string>> }
  | { readonly suffix: Readonly<Record<string, string>> }
  | { readonly all: readonly FilterExpression[] }
  | { readonly any: readonly FilterExpression[] }
  | { readonly not: FilterExpression }
  | { readonly cesql: string }

/** An `eventing.knative.dev/v1` Trigger; `filters`, when present and not empty, overrides `filter`. */
export interface TriggerResource extends Written {
  readonly namespace: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly broker: string
  readonly filter?: Readonly<Record<string, string>>
  readonly filters?: readonly FilterExpression[]
  readonly subscriber: Destination
  readonly delivery?: DeliverySpec
  /** Whose part it is, as a RequestReply's; it goes when its owner goes. */
  readonly ownerReferences?: readonly OwnerReference[]
}

/** A `messaging.knative.dev/v1` Channel or InMemoryChannel; a Channel is backed by an InMemoryChannel of its name. */
export interface ChannelResource extends Written {
  readonly kind: 'Channel' | 'InMemoryChannel'
  readonly namespace: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly delivery?: DeliverySpec
  /** Whose part it is, as a Sequence's; it goes when its owner goes. */
  readonly ownerReferences?: readonly OwnerReference[]
}

/** A `messaging.knative.dev/v1` Subscription: a subscriber, a reply, or both. */
export interface SubscriptionResource extends Written {
  readonly kind: 'Subscription'
  readonly namespace: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  /** In the Subscription's own namespace. */
  readonly channel: { readonly kind: ChannelResource['kind']; readonly name: string }
  readonly subscriber?: Destination
  /** Where the subscriber's answer goes, or without a subscriber the event itself. */
  readonly reply?: Destination
  readonly delivery?: DeliverySpec
  readonly ownerReferences?: readonly OwnerReference[]
}

/** A `v1` ConfigMap, which manifests may refer to from a Service's environment. */
export interface ConfigMapResource extends Written {
  readonly namespace: string
  readonly name: string
  readonly data: Readonly<Record<string, string>>
}

/** An object of a kind that this part does not type; kept so that nothing in a folder is lost. */
export interface OtherResource extends Written {
  readonly apiVersion: string
  readonly kind: string
  readonly namespace: string
  readonly name: string
  readonly document: Readonly<Record<string, unknown>>
}

/** Everything that the folders hold. */
export interface Manifests {
  readonly services: readonly ServiceResource[]
  readonly brokers: readonly BrokerResource[]
  readonly triggers: readonly TriggerResource[]
  readonly channels: readonly ChannelResource[]
  readonly subscriptions: readonly SubscriptionResource[]
  /** Flows, sources, sinks and the rest, told apart by `kind`. */
  readonly eventing: readonly EventingResource[]
  readonly configMaps: readonly ConfigMapResource[]
  readonly others: readonly OtherResource[]
}
