/** The parts of the emulator as the control plane sees them. */
import { isDeepStrictEqual } from 'node:util'
import type { EventingKind } from '../eventing/admit.ts'
import type { Eventing } from '../eventing/eventing.ts'
import type { ResourceKind, Resources } from '../eventing/resources.ts'
import type { ServiceResource } from '../manifests/types.ts'
import type { Serving } from '../serving/serving.ts'
import type { Part } from './part.ts'

/** Serving, with what SinkBindings put into its Services. */
export interface ServingPart extends Part {
  /** As they were applied. */
  services(): ServiceResource[]
  /** Applies all of them again, for what SinkBindings put into them has changed. */
  rebind(): void
  /** Takes Services as the start does: without proof, at zero replicas. */
  adopt(services: readonly ServiceResource[]): void
  /** Takes one of them again, because the build behind it changed. @throws StartError */
  redeploy(namespace: string, name: string): Promise<void>
}

/** `bind` is asked at each apply. */
export function createServingPart(
  serving: Serving,
  bind: (service: ServiceResource) => ServiceResource,
): ServingPart {
  const applied = new Map<string, { service: ServiceResource; bound: ServiceResource }>()

  function note(service: ServiceResource): ServiceResource {
    const bound = bind(service)
    applied.set(keyOf(service), { service, bound })
    return bound
  }

  /** Refused, it is as if it had not been asked for; a Service that does not get ready is there all the same. */
  async function put(service: ServiceResource, wait: boolean): Promise<void> {
    if (wait) await serving.deploy(note(service))
    else {
      serving.apply(bind(service))
      note(service)
    }
  }

  return {
    takes: ({ group, kind }) =>
      group === 'serving.knative.dev' && (kind === 'Service' || kind === 'DomainMapping'),
    apply: async ({ list, resource }, { wait }) => {
      if (list === 'services') await put(resource, wait)
      else if (list === 'others') serving.mapDomain(resource)
    },
    remove({ kind }, namespace, name) {
      if (kind === 'Service') applied.delete(`${namespace}/${name}`)
      serving.remove(kind, namespace, name)
    },
    objects: serving.objects,
    onChange: serving.onChange,
    services: () => [...applied.values()].map(({ service }) => service),
    rebind() {
      for (const { service, bound } of applied.values()) {
        if (!isDeepStrictEqual(bind(service), bound)) serving.apply(note(service))
      }
    },
    adopt(services) {
      for (const service of services) serving.apply(note(service), { adopt: true })
    },
    async redeploy(namespace, name) {
      const found = applied.get(`${namespace}/${name}`)
      if (found) await serving.deploy(note(found.service))
    },
  }
}

const CORE: readonly string[] = ['brokers', 'triggers', 'channels', 'subscriptions']
const CORE_KINDS: readonly EventingKind[] = [
  'Broker',
  'Trigger',
  'Channel',
  'InMemoryChannel',
  'Subscription',
]

/** Brokers, Triggers, Channels and Subscriptions. */
export function createEventingPart(eventing: Eventing): Part {
  return {
    takes: ({ group, kind }) =>
      group !== 'serving.knative.dev' && CORE_KINDS.some(each => each === kind),
    apply(read) {
      if (isCore(read)) eventing.apply(read.resource)
    },
    remove({ kind }, namespace, name) {
      const known = CORE_KINDS.find(each => each === kind)
      if (known) eventing.remove(known, namespace, name)
    },
    objects: eventing.objects,
    onChange: eventing.onChange,
  }
}

/** Flows, sources, sinks and the rest of eventing. */
export function createResourcesPart(resources: Resources): Part {
  return {
    takes: ({ group, kind, role }) => role === 'run' && group !== '' && resources.takes(kind),
    apply({ list, resource }) {
      if (list === 'eventing') resources.apply(resource)
    },
    remove({ kind }, namespace, name) {
      if (resources.takes(kind)) resources.remove(kind satisfies ResourceKind, namespace, name)
    },
    objects: resources.objects,
    onChange: resources.onChange,
  }
}

type Read = Parameters<Part['apply']>[0]
type CoreRead = Extract<Read, { list: 'brokers' | 'triggers' | 'channels' | 'subscriptions' }>

const isCore = (read: Read): read is CoreRead => CORE.includes(read.list)

const keyOf = ({ namespace, name }: ServiceResource): string => `${namespace}/${name}`
