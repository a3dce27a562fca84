/** The eventing objects beside Brokers and Channels, after parsing, defaulting and checking. */
import type { OwnerReference } from '../control/object.ts'
import type { DeliverySpec, Destination, EnvVar, FilterExpression, Written } from './types.ts'

/** What these objects have in common. */
export interface EventingObject extends Written {
  readonly namespace: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  /** `spec` as the webhook leaves it. */
  readonly spec: Readonly<Record<string, unknown>>
  /** Whose part it is; it goes when its owner goes. */
  readonly ownerReferences?: readonly OwnerReference[]
}

/** A reference to another object. */
export type ObjectReference = NonNullable<Destination['ref']>

/** What makes the channels of a flow; the emulator has one implementation of every kind. */
export interface ChannelTemplate {
  readonly apiVersion: string
  readonly kind: string
  readonly delivery?: DeliverySpec
}

/** One step of a Sequence. */
export interface FlowStep {
  readonly subscriber: Destination
  readonly delivery?: DeliverySpec
}

/** A `flows.knative.dev/v1` Sequence. */
export interface SequenceResource extends EventingObject {
  readonly kind: 'Sequence'
  readonly steps: readonly FlowStep[]
  readonly channelTemplate: ChannelTemplate
  readonly reply?: Destination
}

/** One branch of a Parallel; `filter` is a function whose reply the subscriber gets. */
export interface FlowBranch extends FlowStep {
  readonly filter?: Destination
  readonly reply?: Destination
}

/** A `flows.knative.dev/v1` Parallel. */
export interface ParallelResource extends EventingObject {
  readonly kind: 'Parallel'
  readonly branches: readonly FlowBranch[]
  readonly channelTemplate: ChannelTemplate
  readonly reply?: Destination
}

/** What every source has. */
export interface SourceObject extends EventingObject {
  readonly sink: Destination
  /** `spec.ceOverrides.extensions`; absent when `ceOverrides` is. */
  readonly overrides?: Readonly<Record<string, string>>
}

/** A `sources.knative.dev/v1` PingSource. */
export interface PingSourceResource extends SourceObject {
  readonly kind: 'PingSource'
  /** Five fields, or six with seconds; without any `CRON_TZ=`. */
  readonly schedule: string
  /** IANA name; UTC when absent. */
  readonly timezone?: string
  readonly contentType?: string
  readonly data?: Uint8Array
}

/** What a SinkBinding is about: one object by name, or all with these labels. */
export interface BindingSubject {
  readonly apiVersion: string
  readonly kind: string
  readonly name?: string
  readonly selector?: LabelSelector
}

/** `metav1.LabelSelector`. */
export interface LabelSelector {
  readonly matchLabels: Readonly<Record<string, string>>
  readonly matchExpressions: readonly LabelExpression[]
}

/** One line of a LabelSelector. */
export interface LabelExpression {
  readonly key: string
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'
  readonly values: readonly string[]
}

/** A `sources.knative.dev/v1` SinkBinding. */
export interface SinkBindingResource extends SourceObject {
  readonly kind: 'SinkBinding'
  readonly subject: BindingSubject
}

/** The one container of a pod template that the emulator runs. */
export interface PodTemplate {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly image: string
  readonly command?: readonly string[]
  readonly args?: readonly string[]
  readonly env: readonly EnvVar[]
}

/** A `sources.knative.dev/v1` ContainerSource. */
export interface ContainerSourceResource extends SourceObject {
  readonly kind: 'ContainerSource'
  readonly template: PodTemplate
}

/** What an ApiServerSource watches. */
export interface WatchedKind {
  readonly apiVersion: string
  readonly kind: string
  readonly selector?: LabelSelector
}

/** A `sources.knative.dev/v1` ApiServerSource. */
export interface ApiServerSourceResource extends SourceObject {
  readonly kind: 'ApiServerSource'
  readonly resources: readonly WatchedKind[]
  /** What the events carry: the object, or a reference to it. */
  readonly mode: 'Reference' | 'Resource'
  /** Only objects that one of these controls. */
  readonly owner?: { readonly apiVersion: string; readonly kind: string }
  /** Else those of its own namespace. */
  readonly allNamespaces: boolean
}

/** A `sinks.knative.dev/v1alpha1` JobSink. */
export interface JobSinkResource extends EventingObject {
  readonly kind: 'JobSink'
  readonly template: PodTemplate
  /** Tries after the first one. */
  readonly backoffLimit: number
  readonly activeDeadlineSeconds?: number
  readonly ttlSecondsAfterFinished?: number
}

/** An `eventing.knative.dev/v1alpha1` EventTransform. */
export interface EventTransformResource extends EventingObject {
  readonly kind: 'EventTransform'
  readonly expression: string
  readonly sink?: Destination
  readonly reply?: { readonly expression?: string; readonly discard: boolean }
}

/** An attribute that events of a type have. */
export interface EventAttribute {
  readonly name: string
  readonly value?: string
  readonly required: boolean
}

/** An `eventing.knative.dev/v1beta3` EventType. */
export interface EventTypeResource extends EventingObject {
  readonly kind: 'EventType'
  readonly attributes: readonly EventAttribute[]
  readonly reference?: ObjectReference
  readonly description?: string
}

/** An `eventing.knative.dev/v1alpha1` RequestReply. */
export interface RequestReplyResource extends EventingObject {
  readonly kind: 'RequestReply'
  /** In the same namespace. */
  readonly broker: string
  readonly correlationAttribute: string
  readonly replyAttribute: string
  readonly timeoutMs: number
  readonly delivery?: DeliverySpec
}

/** What an EventPolicy protects. */
export type PolicyTarget =
  | { readonly ref: { readonly apiVersion: string; readonly kind: string; readonly name: string } }
  | {
      readonly selector: LabelSelector & { readonly apiVersion: string; readonly kind: string }
    }

/** Whom an EventPolicy lets in; `sub` may end with `*`. */
export type PolicySubject = { readonly ref: ObjectReference } | { readonly sub: string }

/** An `eventing.knative.dev/v1alpha1` EventPolicy. */
export interface EventPolicyResource extends EventingObject {
  readonly kind: 'EventPolicy'
  readonly to: readonly PolicyTarget[]
  readonly from: readonly PolicySubject[]
  readonly filters: readonly FilterExpression[]
}

/** Any of them, told apart by `kind`. */
export type EventingResource =
  | SequenceResource
  | ParallelResource
  | PingSourceResource
  | SinkBindingResource
  | ContainerSourceResource
  | ApiServerSourceResource
  | JobSinkResource
  | EventTransformResource
  | EventTypeResource
  | RequestReplyResource
  | EventPolicyResource
