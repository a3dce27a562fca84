/** The parts of the emulator and what each sees of the others. */
import { join } from 'node:path'
import { type ControlPlane, createControlPlane } from './control/control-plane.ts'
import { inOrder } from './control/manifest-sync.ts'
import {
  createEventingPart,
  createResourcesPart,
  createServingPart,
  type ServingPart,
} from './control/parts.ts'
import { createEventing, type Eventing } from './eventing/eventing.ts'
import { OPEN } from './eventing/policy/access.ts'
import { createResources, type Resources } from './eventing/resources.ts'
import { readFeatures } from './features.ts'
import { createInProcess, type InProcess } from './in-process.ts'
import type { Log } from './log.ts'
import type { Send } from './network.ts'
import { placeHandler, type Settings } from './options.ts'
import { toEnvironment } from './serving/environment.ts'
import { createProcessGuard } from './serving/guard.ts'
import { readClusterConfig } from './serving/read-cluster-config.ts'
import { createServing, type Serving } from './serving/serving.ts'

/** What runs. */
export interface Parts {
  readonly serving: Serving
  readonly servingPart: ServingPart
  readonly eventing: Eventing
  readonly resources: Resources
  readonly control: ControlPlane
  readonly inProcess: InProcess
  /** The environment that a process of a function would have; undefined when no one function has the name. */
  readonly environmentOf: (name: string) => Promise<Record<string, string> | undefined>
}

/** What the parts need of what opens after them. */
export interface Surroundings {
  readonly log: Log
  readonly send: Send
  readonly proxyUrl: () => string
  readonly closeIngress: () => Promise<void>
  /** Each part says here how it closes. */
  readonly closers: (() => Promise<void>)[]
}

/** `<name>.<namespace>.localhost` is a function of this machine. */
export const DOMAIN = 'localhost'

/** Opens the parts and hands them the manifests. @throws Error of the event journal; Error of a part's */
export async function createParts(settings: Settings, around: Surroundings): Promise<Parts> {
  const { manifests, clock, directory, resolveCommand } = settings
  const { log, send, proxyUrl, closers } = around
  const warn = (message: string): void => log.warn('emulator', message)
  const features = readFeatures(manifests.configMaps, warn)
  const guard = createProcessGuard()
  closers.push(guard.close)
  // Here, although it opens last: functions that still work at the end reach each other through it.
  closers.push(around.closeIngress)
  const shared = {
    clock,
    log,
    guard,
    proxyUrl,
    resolveCommand,
    resolveEnv: (service: Parameters<typeof settings.resolveEnv>[0]) =>
      settings.resolveEnv(service, control.stored),
  }
  const config = readClusterConfig(manifests.configMaps, warn)
  const serving = createServing({
    ...shared,
    services: [],
    config,
    references: {
      configMap: (namespace, name) => control.stored.configMap(namespace, name),
      secret: (namespace, name) => control.stored.secret(namespace, name),
    },
    domain: DOMAIN,
  })
  closers.push(serving.close)
  const inProcess = createInProcess(
    Object.entries(settings.handlers).map(([key, handle]) => ({
      ...placeHandler(key, manifests),
      handle,
    })),
    { domain: DOMAIN, log },
  )
  let resources: Resources | undefined
  const eventing = await createEventing({
    ...manifests,
    clock,
    log,
    send,
    directory,
    domain: DOMAIN,
    features,
    ...settings.eventing,
    // What was left over waits until everything that it may lead to is there.
    deferred: true,
    resolveRef: reference => resources?.resolveRef(reference),
    readinessOf: reference => resources?.readinessOf(reference),
    inOneLook: work => (resources ? resources.inOneLook(work) : work()),
    access: () => resources?.access ?? OPEN,
  })
  closers.push(eventing.close)
  resources = createResources({
    ...shared,
    send,
    eventing,
    serving,
    features,
    directory: join(directory, 'jobs'),
    rebind: () => servingPart.rebind(),
    catalogue: () => control.catalogue,
  })
  closers.push(resources.close)
  const servingPart = createServingPart(serving, {
    bind: resources.bind,
    isCode: inProcess.serves,
    config,
  })
  const control = createControlPlane({
    parts: [servingPart, createEventingPart(eventing), createResourcesPart(resources)],
    clock,
    log,
  })
  closers.push(async () => control.close())

  async function environmentOf(name: string): Promise<Record<string, string> | undefined> {
    const [own = '', namespace] = name.split('/').reverse()
    const found = servingPart
      .services()
      .filter(each => each.name === own && (namespace ?? each.namespace) === each.namespace)
    const [service] = found
    if (!service || found.length > 1) return undefined
    const { env } = await resolveCommand(service)
    const { latestCreatedRevision = own } =
      serving.status().find(each => keyOf(each) === keyOf(service)) ?? {}
    const resolved = shared.resolveEnv(running(resources).bind(service))
    return toEnvironment(service, latestCreatedRevision, {
      resolved,
      proxyUrl: proxyUrl(),
      image: env,
    })
  }

  // Brokers, channels and their triggers are in force already: what was left over belongs to them.
  const rest = inOrder(manifests).filter(({ list }) => STARTED_HERE.includes(list))
  for (const { namespace } of [...manifests.services, ...manifests.brokers]) {
    control.stored.ensureNamespace(namespace)
  }
  for (const read of rest) {
    const { file, line, name } = read.resource
    await control.adopt(read, { onWarning: text => log.warn(name, `${file}:${line}: ${text}`) })
  }
  servingPart.adopt(manifests.services)
  followAddresses({ serving, eventing, resources })
  eventing.resume()
  return { serving, servingPart, eventing, resources, control, inProcess, environmentOf }
}

/** Nobody asks before the ingress listens. */
function running(resources: Resources | undefined): Resources {
  if (resources) return resources
  throw new Error('the emulator is still starting')
}

const keyOf = ({ namespace, name }: { namespace: string; name: string }): string =>
  `${namespace}/${name}`

const STARTED_HERE: readonly string[] = ['others', 'configMaps', 'eventing']

/** Triggers look again at where they lead when a Service or another object comes, goes, or changes its readiness. */
function followAddresses({
  serving,
  eventing,
  resources,
}: Pick<Parts, 'serving' | 'eventing' | 'resources'>): void {
  let known = ''
  const look = (): void => {
    const now = JSON.stringify(
      [
        ...serving.objects().filter(({ status }) => status?.address !== undefined),
        // A source has no address; a Trigger may depend on it all the same.
        ...resources.objects(),
      ].map(({ kind, metadata, status }) => [
        kind,
        metadata.namespace,
        metadata.name,
        metadata.generation,
        status?.address,
        status?.conditions?.find(({ type }) => type === 'Ready')?.status,
      ]),
    )
    if (now === known) return
    known = now
    eventing.refresh()
  }
  serving.onChange(look)
  resources.onChange(look)
  look()
}
