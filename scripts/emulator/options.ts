/** What an emulator works from, and the defaults with which a test needs nothing but manifests. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Clock, createClock } from './clock.ts'
import { toAnnotatedCommand } from './command.ts'
import { type References, resolveReferences } from './environment.ts'
import type { EventingMode } from './eventing/entrance.ts'
import type { Handler } from './in-process.ts'
import type { TlsOptions } from './ingress.ts'
import type { Log } from './log.ts'
import { type ManifestSource, readManifests } from './manifests/load.ts'
import type { Manifests, ServiceResource } from './manifests/types.ts'
import type { RunCommand } from './serving/replica.ts'

/** What an emulator works from. All but the manifests has a default. */
export interface EmulatorOptions {
  /** Paths, texts of YAML, objects, or what `loadManifests` gave; one or a list of them. */
  manifests?: ManifestSource | readonly ManifestSource[]
  /** `real` unless given; `virtual` stands still until it is advanced. */
  clock?: 'virtual' | 'real' | Clock
  /** Nothing is printed unless given; `logs()` has everything all the same. */
  log?: Log
  /** The port of everything; any free one unless given. */
  port?: number
  /** Serves https as well. */
  tls?: TlsOptions | undefined
  /** The port that leads to the broker whatever the Host header says; remembered by the caller. */
  brokerPort?: number
  /** Where accepted events and jobs are kept; a temporary folder, removed at the end, unless given. */
  directory?: string
  /** What to run for a Service: the command in its annotation unless given. */
  resolveCommand?: (service: ServiceResource) => Promise<RunCommand>
  /** A Service's environment; literal values and stored ConfigMaps and Secrets unless given. */
  resolveEnv?: (service: ServiceResource, stored: References) => Readonly<Record<string, string>>
  /** Services that are code: `<name>` or `<namespace>/<name>`. They need no manifest. */
  handlers?: Readonly<Record<string, Handler>>
  /** `durable` unless given: `sync` answers a producer only when all subscribers are done. */
  eventing?: { readonly mode?: EventingMode; readonly batch?: boolean }
  /** What lets into the Kubernetes API; a random one unless given. */
  token?: string
}

/** The options with nothing left open. */
export interface Settings
  extends Required<Omit<EmulatorOptions, 'log' | 'tls' | 'brokerPort' | 'clock' | 'manifests'>> {
  readonly manifests: Manifests
  readonly clock: Clock
  readonly log: Log | undefined
  readonly tls: TlsOptions | undefined
  readonly brokerPort: number | undefined
  /** Whether the folder outlives this emulator. */
  readonly keeps: boolean
  /** Removes what was made for this emulator alone. */
  readonly cleanUp: () => void
}

/**
 * Reads the manifests and fills in the defaults.
 * @throws ManifestError; TypeError that names the option which cannot be so
 */
export function toSettings(options: EmulatorOptions): Settings {
  assertOptions(options)
  const { clock = 'real', directory, handlers = {} } = options
  const read = readManifests([options.manifests ?? []].flat() as readonly ManifestSource[])
  const manifests = withHandlers(read, Object.keys(handlers))
  const own = directory ?? mkdtempSync(join(tmpdir(), 'aiwfe-emulator-'))
  return {
    manifests,
    clock: typeof clock === 'string' ? createClock({ scale: clock === 'real' ? 1 : 0 }) : clock,
    log: options.log,
    port: options.port ?? 0,
    tls: options.tls,
    brokerPort: options.brokerPort,
    directory: own,
    keeps: directory !== undefined,
    resolveCommand: options.resolveCommand ?? runAnnotation,
    resolveEnv: options.resolveEnv ?? resolveReferences,
    handlers,
    eventing: options.eventing ?? {},
    token: options.token ?? crypto.randomUUID(),
    cleanUp: () => {
      if (directory === undefined) rmSync(own, { recursive: true, force: true })
    },
  }
}

const KNOWN_OPTIONS: Readonly<Record<keyof EmulatorOptions, true>> = {
  manifests: true,
  clock: true,
  log: true,
  port: true,
  tls: true,
  brokerPort: true,
  directory: true,
  resolveCommand: true,
  resolveEnv: true,
  handlers: true,
  eventing: true,
  token: true,
}

/** A test in plain JavaScript has no compiler: a misspelt option would be an emulator without it. */
function assertOptions({ clock, handlers, manifests, ...options }: EmulatorOptions): void {
  const unknown = Object.keys(options).find(name => !Object.hasOwn(KNOWN_OPTIONS, name))
  if (unknown !== undefined) {
    const known = Object.keys(KNOWN_OPTIONS).join(', ')
    throw new TypeError(`"options" must be of ${known}, got ${unknown}`)
  }
  if (typeof clock === 'string' && clock !== 'virtual' && clock !== 'real') {
    throw new TypeError(`"clock" must be virtual, real or a clock, got ${String(clock)}`)
  }
  for (const [key, handle] of Object.entries(handlers ?? {})) {
    if (!/^([^/]+\/)?[^/]+$/.test(key)) {
      throw new TypeError(`"handlers" must have names or <namespace>/<name>, got ${key}`)
    }
    if (typeof handle !== 'function') {
      throw new TypeError(`"handlers.${key}" must be a function, got ${typeof handle}`)
    }
  }
  for (const source of [manifests ?? []].flat()) {
    const type = source === null ? 'null' : typeof source
    if (type !== 'string' && type !== 'object') {
      throw new TypeError(`"manifests" must be paths, texts or objects, got ${type}`)
    }
  }
}

/** Namespace and name of a handler. Without a namespace it is that of its Service, of all manifests, or `default`. */
export function placeHandler(
  key: string,
  { services, brokers, triggers, channels, eventing }: Manifests,
): { namespace: string; name: string } {
  const [name = '', given] = key.split('/').reverse()
  if (given !== undefined) return { namespace: given, name }
  const all = [...services, ...brokers, ...triggers, ...channels, ...eventing]
  const own = only(services.filter(service => service.name === name))
  return { namespace: own ?? only(all) ?? 'default', name }
}

function only(resources: readonly { readonly namespace: string }[]): string | undefined {
  const [first, ...others] = new Set(resources.map(({ namespace }) => namespace))
  return others.length === 0 ? first : undefined
}

/** A handler is a Service, too: triggers refer to it, and it is listed. */
function withHandlers(manifests: Manifests, keys: readonly string[]): Manifests {
  const { services } = manifests
  const places = keys.map(key => placeHandler(key, manifests))
  const missing = places.filter(
    ({ namespace, name }) =>
      !services.some(service => service.namespace === namespace && service.name === name),
  )
  const made = readManifests(
    missing.map(metadata => ({
      apiVersion: 'serving.knative.dev/v1',
      kind: 'Service',
      metadata,
      spec: { template: { spec: { containers: [{ image: `in-process/${metadata.name}` }] } } },
    })),
  )
  return { ...manifests, services: [...services, ...made.services] }
}

function runAnnotation(service: ServiceResource): Promise<RunCommand> {
  const command = toAnnotatedCommand(service, process.cwd())
  if (command) return Promise.resolve(command)
  return Promise.reject(
    new Error(
      `${service.file}: nothing is known to run image ${service.template.image}: ` +
        'name a command in the annotation emulator.aiwfe.dev/command, a handler, or resolveCommand',
    ),
  )
}
