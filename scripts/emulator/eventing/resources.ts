/** The eventing objects beside brokers and channels, each with its controller, behind one door. */
import type { Clock } from '../clock.ts'
import type { KubeObject } from '../control/object.ts'
import type { Log } from '../log.ts'
import type { EventingResource } from '../manifests/eventing-types.ts'
import type {
  ChannelResource,
  ServiceResource,
  SubscriptionResource,
  TriggerResource,
} from '../manifests/types.ts'
import type { HostHandler, Send } from '../network.ts'
import type { ProcessGuard } from '../serving/guard.ts'
import type { Controller, Surroundings } from './controller.ts'
import { createParallels, createSequences } from './flows/flows.ts'
import { createLookup, type Lookup } from './lookup.ts'
import { type Access, createAccess, OPEN } from './policy/access.ts'
import type { DefaultMode } from './policy/decision.ts'
import { createEventPolicies } from './policy/policies.ts'
import { createTokens, type Tokens } from './policy/tokens.ts'
import type { Fact } from './records.ts'
import { createRequestReplies } from './request-reply/request-replies.ts'
import { resolve } from './resolve.ts'
import { createSettling } from './settling.ts'
import { createJobSinks, type MadeJobs } from './sinks/job-sinks.ts'
import { type ChangeFeed, createApiServerSources } from './sources/api-server.ts'
import { createContainerSources } from './sources/container.ts'
import { createPingSources } from './sources/ping.ts'
import { createSinkBindings } from './sources/sink-binding.ts'
import type { Workshop } from './sources/workload.ts'
import { createEventTransforms } from './transform/transforms.ts'
import { createEventTypes } from './types/event-types.ts'

/** Flags of `config-features` that these objects ask for; what is not named is as on a fresh installation. */
export interface ResourceFeatures {
  readonly 'authentication-oidc'?: 'enabled' | 'disabled'
  readonly 'default-authorization-mode'?: DefaultMode
  readonly 'eventtype-auto-create'?: 'enabled' | 'disabled'
}

/** Objects that another part keeps. */
export interface OtherObjects {
  objects(): readonly KubeObject[]
  onChange(listener: () => void): unknown
}

/** What these objects need of the brokers and channels. */
export interface EventingCore extends OtherObjects {
  apply(resource: ChannelResource | SubscriptionResource | TriggerResource): void
  remove(
    kind: ChannelResource['kind'] | 'Subscription' | 'Trigger',
    namespace: string,
    name: string,
  ): unknown
  subscribe(listener: (fact: Fact) => void): unknown
}

/** What `createResources` needs; commands and environments are found as serving finds them. */
export interface ResourcesOptions extends Workshop {
  readonly clock: Clock
  readonly log: Log
  /** How sinks are reached, cluster names included. */
  readonly send: Send
  readonly eventing: EventingCore
  readonly serving: OtherObjects
  readonly guard: ProcessGuard
  /** Where jobs are kept; it is made. */
  readonly directory: string
  readonly features?: ResourceFeatures
  /** What ApiServerSources watch; without it they are ready and silent. */
  readonly catalogue?: () => ChangeFeed
  /** What `bind` answers may have changed: Services are to be applied again, through `bind`. */
  readonly rebind?: () => void
}

/** The kinds, by their API group. */
export type ResourceKind = EventingResource['kind']

/** The running objects. */
export interface Resources extends Pick<Lookup, 'resolveRef' | 'readinessOf' | 'inOneLook'> {
  /** Serves the hosts of JobSinks, EventTransforms and RequestReplies. */
  readonly handler: HostHandler
  takes(kind: string): kind is ResourceKind
  /** Adds or replaces. */
  apply(resource: EventingResource): void
  /** Harmless when there is none; what it owns goes with it. */
  remove(kind: ResourceKind, namespace: string, name: string): void
  objects(): KubeObject[]
  /** Tells that `objects` answers otherwise now; returns what ends the telling. */
  onChange(listener: () => void): () => void
  /** A Service with what SinkBindings put into it; to be deployed instead of it. */
  bind(service: ServiceResource): ServiceResource
  /** The jobs that JobSinks made; they are not among the `objects`, for there may be many. */
  readonly jobs: MadeJobs
  /** Who may send to what; brokers and channels ask here as well. */
  readonly access: Access
  readonly tokens: Tokens
  /** Ends processes and timers; jobs that have not finished are taken up by the next `createResources`. */
  close(): Promise<void>
}

/** No object exists yet but the jobs of earlier runs, which wait for their JobSinks. */
export function createResources(options: ResourcesOptions): Resources {
  const { clock, log, send, eventing, serving, features = {} } = options
  const authentication = features['authentication-oidc'] === 'enabled'
  const tokens = createTokens(clock)
  const lookup = createLookup({
    serving: () => serving.objects(),
    core: () => eventing.objects(),
    own: () => lists,
  })
  const { resolveRef, readinessOf, inOneLook } = lookup
  const { stir, onChange, close: rest } = createSettling({ refresh, show: objects })
  const around: Surroundings = {
    clock,
    log,
    send,
    world: lookup.world,
    resolve: (destination, field) => resolve(destination, resolveRef, field),
    address: (target, url) => access.address(target, url),
    identity: owner => access.identity(owner),
    credentials: (from, sink) => access.credentials(from, sink),
    policies: target => policies.standing(target),
    changed: stir,
  }
  const policies = createEventPolicies(around, {
    authentication,
    defaultMode: features['default-authorization-mode'] ?? 'allow-same-namespace',
    tokens,
  })
  const { authorize } = policies
  const access: Access = authentication
    ? createAccess({
        tokens,
        find: lookup.find,
        channels: lookup.core,
        policies: policies.standing,
        judge: authorize,
      })
    : OPEN
  const bindings = createSinkBindings(around, () => options.rebind?.())
  const eventTypes = createEventTypes(around, {
    autoCreate: features['eventtype-auto-create'] === 'enabled',
  })
  const jobSinks = createJobSinks(around, { ...options, authorize, bind: bindings.bind })
  const transforms = createEventTransforms(around, options)
  const requestReplies = createRequestReplies(around, eventing)
  const controllers: { readonly [Kind in ResourceKind]: Controller<Of<Kind>> } = {
    Sequence: createSequences(around, eventing),
    Parallel: createParallels(around, eventing),
    PingSource: createPingSources(around),
    SinkBinding: bindings,
    ContainerSource: createContainerSources(around, options),
    ApiServerSource: createApiServerSources(around, options.catalogue),
    JobSink: jobSinks,
    EventTransform: transforms,
    EventType: eventTypes,
    RequestReply: requestReplies,
    EventPolicy: policies,
  }
  const lists = { ...controllers, Job: jobSinks.jobs }
  const all = Object.values<Controller<never>>(controllers)
  const handlers = [jobSinks.handler, transforms.handler, requestReplies.handler]
  let closing: Promise<void> | undefined
  eventing.onChange(stir)
  serving.onChange(stir)
  eventing.subscribe(see)

  function objects(): KubeObject[] {
    return all.flatMap(controller => controller.objects())
  }

  function refresh(): void {
    for (const controller of all) inOneLook(() => controller.refresh())
  }

  function takes(kind: string): kind is ResourceKind {
    return Object.hasOwn(controllers, kind)
  }

  function see({ kind, broker: hub, event: { source, type } }: Fact): void {
    if (kind !== 'accepted') return
    const [namespace = '', name = ''] = hub.split('/').slice(-2)
    const at = hub.startsWith('channel/')
      ? { apiVersion: 'messaging.knative.dev/v1', kind: 'InMemoryChannel', namespace, name }
      : { apiVersion: 'eventing.knative.dev/v1', kind: 'Broker', namespace, name }
    eventTypes.seen(at, { source, type, specversion: '1.0' })
  }

  async function shutDown(): Promise<void> {
    rest()
    await Promise.all(all.map(controller => controller.close?.()))
  }

  return {
    // Every request of the emulator comes by here.
    handler(host, request, response) {
      for (const handler of handlers) if (handler(host, request, response)) return true
      return false
    },
    takes,
    // The table pairs each kind with the controller of its resources.
    apply: resource => (controllers[resource.kind] as Controller<EventingResource>).apply(resource),
    remove: (kind, namespace, name) => controllers[kind].remove(namespace, name),
    objects,
    onChange,
    bind(service) {
      const { labels, template } = service
      const env = bindings.bind({ ...SERVICE, ...named(service), labels }, template.env)
      return env === template.env ? service : { ...service, template: { ...template, env } }
    },
    jobs: jobSinks.jobs,
    resolveRef,
    readinessOf,
    inOneLook,
    access,
    tokens,
    close() {
      closing ??= shutDown()
      return closing
    },
  }
}

const SERVICE = { apiVersion: 'serving.knative.dev/v1', kind: 'Service' }

const named = ({ namespace, name }: ServiceResource) => ({ namespace, name })

type Of<Kind extends ResourceKind> = Extract<EventingResource, { readonly kind: Kind }>
