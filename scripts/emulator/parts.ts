/** The parts of the emulator, made one after the other, and what each sees of the others. */
import { join } from 'node:path'
import { type ControlPlane, createControlPlane } from './control/control-plane.ts'
import { withKeptConfigMaps } from './control/kept-config.ts'
import {
  createEventingPart,
  createJobsPart,
  createResourcesPart,
  createServingPart,
  type ServingPart,
} from './control/parts.ts'
import { createStored, type Stored } from './control/stored.ts'
import { createEnvironmentOf, type EnvironmentOf } from './environment-of.ts'
import { createEventing, type Eventing } from './eventing/eventing.ts'
import { OPEN } from './eventing/policy/access.ts'
import { createResources, type Resources } from './eventing/resources.ts'
import { readFeatures } from './features.ts'
import { followAddresses } from './follow-addresses.ts'
import { createInProcess, type InProcess } from './in-process.ts'
import { type KeyedStore, openKeyedStore } from './keyed-store.ts'
import { createLate, type Late } from './late.ts'
import type { Log } from './log.ts'
import type { Send } from './network.ts'
import { placeHandler, type Settings } from './options.ts'
import { createGenerations } from './serving/generations.ts'
import { createProcessGuard } from './serving/guard.ts'
import { readClusterConfig } from './serving/read-cluster-config.ts'
import { createServing, type Serving, type ServingOptions } from './serving/serving.ts'

/** What runs. */
export interface Parts {
  readonly serving: Serving
  readonly servingPart: ServingPart
  readonly eventing: Eventing
  readonly resources: Resources
  readonly control: ControlPlane
  readonly inProcess: InProcess
  readonly environmentOf: EnvironmentOf
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
  const base = createBase(settings, around)
  const inProcess = makeInProcess(settings, around)
  const serving = makeServing(base, around)
  const eventing = await makeEventing(base, settings, around)
  const resources = makeResources(base, settings, around, { serving, eventing })
  const servingPart = createServingPart(serving, {
    bind: resources.bind,
    isCode: inProcess.serves,
    config: base.shared.config,
  })
  base.late.set({ servingPart })
  const control = makeControl(base, around, { servingPart, eventing, resources })
  await control.start(settings.manifests)
  followAddresses({ serving, eventing, resources })
  // Only now: what was left over may lead to what clients made, which has just come back.
  eventing.resume()
  const environmentOf = createEnvironmentOf({ ...base.shared, serving, servingPart, resources })
  return { serving, servingPart, eventing, resources, control, inProcess, environmentOf }
}

/** What the others are asked for before they are there; nobody asks before the ingress listens, but for peeks. */
interface Others {
  readonly resources: Resources
  readonly servingPart: ServingPart
  readonly control: ControlPlane
}

/** What every part is made with. */
interface Base {
  readonly late: Late<Others>
  readonly features: ReturnType<typeof readFeatures>
  /** What clients make is kept in it. */
  readonly store: KeyedStore
  readonly stored: Stored
  readonly shared: Pick<ServingOptions, 'clock' | 'log' | 'guard' | 'proxyUrl' | 'resolveCommand'> &
    Required<Pick<ServingOptions, 'resolveEnv' | 'config' | 'generations'>>
}

function createBase(
  { manifests, clock, directory, keeps, resolveCommand, resolveEnv }: Settings,
  { log, proxyUrl, closers, closeIngress }: Surroundings,
): Base {
  const warn = (message: string): void => log.warn('emulator', message)
  const toFile = (name: string) => (keeps ? join(directory, name) : undefined)
  const store = openKeyedStore(toFile('objects.sqlite'), 'what clients applied')
  closers.push(async () => store.close())
  const numbers = openKeyedStore(toFile('revisions.sqlite'), 'the numbers of revisions')
  const generations = createGenerations({ store: numbers, log })
  closers.push(async () => {
    generations.flush()
    numbers.close()
  })
  const stored = createStored(clock)
  const configMaps = withKeptConfigMaps(manifests.configMaps, store)
  const guard = createProcessGuard()
  closers.push(guard.close)
  // Here, although it opens last: functions that still work at the end reach each other through it.
  closers.push(closeIngress)
  return {
    late: createLate(),
    features: readFeatures(configMaps, warn),
    store,
    stored,
    shared: {
      clock,
      log,
      guard,
      proxyUrl,
      resolveCommand,
      resolveEnv: service => resolveEnv(service, stored),
      config: readClusterConfig(configMaps, warn),
      generations,
    },
  }
}

function makeInProcess({ handlers, manifests }: Settings, { log }: Surroundings): InProcess {
  return createInProcess(
    Object.entries(handlers).map(([key, handle]) => ({ ...placeHandler(key, manifests), handle })),
    { domain: DOMAIN, log },
  )
}

function makeServing({ shared, stored }: Base, { closers }: Surroundings): Serving {
  const serving = createServing({ ...shared, services: [], references: stored, domain: DOMAIN })
  closers.push(serving.close)
  return serving
}

async function makeEventing(
  { late, features }: Base,
  { manifests, clock, directory, eventing: how }: Settings,
  { log, send, closers }: Surroundings,
): Promise<Eventing> {
  const eventing = await createEventing({
    ...manifests,
    clock,
    log,
    send,
    directory,
    domain: DOMAIN,
    features,
    ...how,
    // What was left over waits until everything that it may lead to is there.
    deferred: true,
    resolveRef: reference => late.peek('resources')?.resolveRef(reference),
    readinessOf: reference => late.peek('resources')?.readinessOf(reference),
    inOneLook: work => {
      const resources = late.peek('resources')
      return resources ? resources.inOneLook(work) : work()
    },
    access: () => late.peek('resources')?.access ?? OPEN,
  })
  closers.push(eventing.close)
  return eventing
}

function makeResources(
  { late, features, shared }: Base,
  { directory }: Settings,
  { send, closers }: Surroundings,
  { serving, eventing }: Pick<Parts, 'serving' | 'eventing'>,
): Resources {
  const resources = createResources({
    ...shared,
    send,
    eventing,
    serving,
    features,
    directory: join(directory, 'jobs'),
    rebind: () => late.get('servingPart').rebind(),
    catalogue: () => late.get('control').catalogue,
  })
  late.set({ resources })
  closers.push(resources.close)
  return resources
}

function makeControl(
  { late, store, stored, shared }: Base,
  { log, closers }: Surroundings,
  { servingPart, eventing, resources }: Pick<Parts, 'servingPart' | 'eventing' | 'resources'>,
): ControlPlane {
  const control = createControlPlane({
    parts: [
      servingPart,
      createEventingPart(eventing),
      createResourcesPart(resources),
      createJobsPart(resources),
    ],
    clock: shared.clock,
    log,
    store,
    stored,
  })
  late.set({ control })
  closers.push(async () => control.close())
  return control
}
