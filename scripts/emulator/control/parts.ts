/** The parts of the emulator as the control plane sees them. */
import { isDeepStrictEqual } from 'node:util'
import type { EventingKind } from '../eventing/admit.ts'
import type { Eventing } from '../eventing/eventing.ts'
import type { ResourceKind, Resources } from '../eventing/resources.ts'
import type { ServiceResource } from '../manifests/types.ts'
import type { ClusterConfig } from '../serving/cluster-config.ts'
import { toTemplate, toTraffic, withClusterDefaults } from '../serving/service-defaults.ts'
import type { Serving } from '../serving/serving.ts'
import type { Part } from './part.ts'

/** Serving, with what SinkBindings put into its Services. */
export interface ServingPart extends Part {
  /** As they were applied. */
  services(): ServiceResource[]
  /** Applies all of them again, for what SinkBindings put into them has changed. */
  rebind(): void
  /** Takes one of them again, because the build behind it changed. @throws StartError */
  redeploy(namespace: string, name: string): Promise<void>
}

/** How the Services of a part are run. */
export interface ServingPartOptions {
  /** What SinkBindings put into a Service; asked at each apply. */
  readonly bind: (service: ServiceResource) => ServiceResource
  /** Served by code: there is no process to prove or to keep. */
  readonly isCode: (service: ServiceResource) => boolean
  /** What the operator's ConfigMaps say. */
  readonly config: ClusterConfig
}

/** Serving as a part. */
export function createServingPart(
  serving: Serving,
  { bind, isCode, config }: ServingPartOptions,
): ServingPart {
  const applied = new Map<string, { service: ServiceResource; bound: ServiceResource }>()

  function note(service: ServiceResource): ServiceResource {
    const bound = toRun(service)
    applied.set(keyOf(service), { service, bound })
    return bound
  }

  /** Refused, it is as if it had not been asked for; a Service that does not get ready is there all the same. */
  async function put(service: ServiceResource, { wait, starting }: How): Promise<void> {
    if (isCode(service) || starting) {
      serving.apply(toRun(service), { adopt: true })
      note(service)
    } else if (wait) await serving.deploy(note(service))
    else {
      serving.apply(toRun(service))
      note(service)
    }
  }

  const toRun = (service: ServiceResource): ServiceResource =>
    isCode(service) ? withoutReplicas(bind(service)) : bind(service)

  return {
    takes: ({ group, kind }) =>
      group === 'serving.knative.dev' && (kind === 'Service' || kind === 'DomainMapping'),
    apply: async ({ list, resource }, how) => {
      if (list === 'services') await put(resource, how)
      else if (list === 'others') serving.mapDomain(resource)
    },
    spec({ list, resource }) {
      if (list !== 'services') return undefined
      const service = withClusterDefaults(toRun(resource), config)
      return { template: toTemplate(service), traffic: toTraffic(service) }
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
        if (isDeepStrictEqual(toRun(service), bound)) continue
        serving.apply(note(service), { adopt: isCode(service) })
      }
    },
    async redeploy(namespace, name) {
      const found = applied.get(`${namespace}/${name}`)
      if (found) await put(found.service, { wait: true })
    },
  }
}

const MIN_SCALE = ['autoscaling.knative.dev/min-scale', 'autoscaling.knative.dev/minScale']

/** Nothing is to be kept running; what is shown is the document. */
function withoutReplicas(service: ServiceResource): ServiceResource {
  const annotations = Object.entries(service.template.annotations).filter(
    ([name]) => !MIN_SCALE.includes(name),
  )
  const [minScale = ''] = MIN_SCALE
  return {
    ...service,
    template: {
      ...service.template,
      annotations: { ...Object.fromEntries(annotations), [minScale]: '0' },
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

/** The jobs of JobSinks, which are nobody's to write. */
export function createJobsPart({ jobs }: Resources): Part {
  return {
    takes: () => false,
    apply() {},
    remove: (_kind, namespace, name) => jobs.remove(namespace, name),
    objects: jobs.objects,
    onChange: jobs.onChange,
  }
}

type Read = Parameters<Part['apply']>[0]
type How = Parameters<Part['apply']>[1]
type CoreRead = Extract<Read, { list: 'brokers' | 'triggers' | 'channels' | 'subscriptions' }>

const isCore = (read: Read): read is CoreRead => CORE.includes(read.list)

const keyOf = ({ namespace, name }: ServiceResource): string => `${namespace}/${name}`
