/** Brokers, channels and the objects beside them in one world: a clock that stands still, manifests as text. */

import { createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Clock } from '../../../../scripts/emulator/clock.ts'
import { createClock } from '../../../../scripts/emulator/clock.ts'
import type { Condition } from '../../../../scripts/emulator/control/conditions.ts'
import type { KubeObject } from '../../../../scripts/emulator/control/object.ts'
import { createEventing, type Eventing } from '../../../../scripts/emulator/eventing/eventing.ts'
import { OPEN } from '../../../../scripts/emulator/eventing/policy/access.ts'
import {
  createResources,
  type Resources,
  type ResourcesOptions,
} from '../../../../scripts/emulator/eventing/resources.ts'
import { parseManifests } from '../../../../scripts/emulator/manifests/load.ts'
import type { ServiceResource } from '../../../../scripts/emulator/manifests/types.ts'
import type { NetworkRequest, NetworkResponse } from '../../../../scripts/emulator/network.ts'
import { createProcessGuard } from '../../../../scripts/emulator/serving/guard.ts'
import { answer, createTestLog, type Subscriber, temporaryDirectory, until } from './fixture.ts'

/** Where the default broker takes events. */
export const BROKER = 'http://broker-ingress.knative-eventing.svc.cluster.local/app/default'

export interface World {
  clock: Clock
  eventing: Eventing
  resources: Resources
  directory: string
  lines: { level: string; scope: string; message: string }[]
  /** Every request that left, those to hosts of the emulator itself not counted. */
  requests: NetworkRequest[]
  /** By the first label of the host; 202 when absent. */
  subscribers: Record<string, Subscriber>
  /** Names of Services that exist in namespace app. */
  services: string[]
  /** Applies the documents of a YAML text; what has no namespace is in `app`. */
  apply(yaml: string): void
  /** A request to a cluster URL, over a real socket when the host is the emulator's. */
  send(request: Partial<NetworkRequest> & { url: string }): Promise<NetworkResponse>
  /** Posts an event in binary mode. */
  publish(
    url: string,
    attributes?: Record<string, string>,
    body?: string,
    headers?: Record<string, string>,
  ): Promise<NetworkResponse>
  object(kind: string, name: string): KubeObject | undefined
  condition(kind: string, name: string, type?: string): Condition | undefined
  /** Closes the resources and opens them again on the same folder, without any object. */
  reopen(): Promise<void>
}

export async function world(
  changes: Partial<ResourcesOptions> = {},
  { brokers = ['default'] }: { brokers?: string[] } = {},
): Promise<World> {
  const clock = createClock({ scale: 0, start: Date.parse('2026-01-01T00:00:00Z') })
  const { log, lines } = createTestLog()
  const directory = temporaryDirectory()
  const requests: NetworkRequest[] = []
  const at = { file: 'test.yaml', line: 1, labels: {}, annotations: {}, namespace: 'app' }
  const guard = createProcessGuard()

  const server = createServer((request, response) => {
    const host = request.headers.host ?? ''
    const taken = [self.eventing.handler, self.resources.handler].some(handler =>
      handler(host, request, response),
    )
    if (!taken) response.writeHead(404).end()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo

  async function send(request: NetworkRequest): Promise<NetworkResponse> {
    const { hostname } = new URL(request.url)
    const name = hostname.split('.')[0] ?? ''
    const isOwn = /^(broker-ingress|job-sink|request-reply|.*-jsonata|.*-kn-channel)$/.test(name)
    if (isOwn) return fetchFrom(port, request)
    requests.push(request)
    return (await self.subscribers[name]?.(request)) ?? answer(202)
  }

  let opened: Resources | undefined
  function open(): Resources {
    opened = createResources({
      clock,
      log,
      send,
      eventing: self.eventing,
      serving: { objects: () => self.services.map(toService), onChange: () => () => {} },
      guard,
      directory: join(directory, 'jobs'),
      resolveCommand: async service => ({
        command: '/bin/sh',
        args: ['-c', `exec ${service.template.annotations['emulator.aiwfe.dev/command']}`],
        cwd: directory,
      }),
      resolveEnv: toEnv,
      proxyUrl: () => `http://127.0.0.1:${port}`,
      ...changes,
    })
    opened.onChange(() => self.eventing.refresh())
    return opened
  }

  const self = {
    clock,
    directory,
    lines,
    requests,
    subscribers: {} as Record<string, Subscriber>,
    services: [] as string[],
    eventing: await createEventing({
      brokers: brokers.map(name => ({ ...at, name })),
      triggers: [],
      clock,
      log,
      send,
      directory,
      domain: 'localhost',
      resolveRef: ref => self.resources.resolveRef(ref),
      readinessOf: ref => self.resources.readinessOf(ref),
      inOneLook: work => (opened ? opened.inOneLook(work) : work()),
      access: () => opened?.access ?? OPEN,
    }),
  } as World
  self.apply = yaml => {
    const found = parseManifests(yaml, 'test.yaml')
    for (const resource of [...found.channels, ...found.subscriptions]) {
      self.eventing.apply({ ...resource, namespace: 'app' })
    }
    for (const resource of found.triggers) self.eventing.apply({ ...resource, namespace: 'app' })
    for (const resource of found.eventing) self.resources.apply(resource)
  }
  self.send = request => send({ method: 'GET', headers: {}, ...request })
  self.publish = (url, attributes = {}, body = '', rest = {}) => {
    const all = {
      specversion: '1.0',
      id: 'e1',
      source: '/test',
      type: 'test.happened',
      ...attributes,
    }
    const headers = Object.fromEntries(
      Object.entries(all).map(([name, value]) => [
        name === 'datacontenttype' ? 'content-type' : `ce-${name}`,
        value,
      ]),
    )
    return send({ url, method: 'POST', headers: { ...headers, ...rest }, body: Buffer.from(body) })
  }
  self.object = (kind, name) =>
    [...self.resources.objects(), ...self.eventing.objects()].find(
      each => each.kind === kind && each.metadata.name === name,
    )
  self.condition = (kind, name, type = 'Ready') =>
    self.object(kind, name)?.status?.conditions?.find(each => each.type === type)
  self.reopen = async () => {
    await self.resources.close()
    self.resources = open()
  }
  self.resources = open()
  onTestFinished(async () => {
    await self.resources.close()
    await self.eventing.close()
    await guard.close()
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  })
  return self
}

/** Waits for the request that `wanted` says yes to. */
export async function awaitRequest(
  { requests }: World,
  wanted: (request: NetworkRequest) => boolean,
): Promise<NetworkRequest> {
  await until(() => requests.some(wanted))
  const found = requests.find(wanted)
  if (!found) throw new Error('no such request')
  return found
}

const toEnv = (service: ServiceResource): Record<string, string> =>
  Object.fromEntries(
    service.template.env.flatMap(each => ('value' in each ? [[each.name, each.value]] : [])),
  )

function toService(name: string): KubeObject {
  return {
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Service',
    metadata: {
      name,
      namespace: 'app',
      uid: name,
      generation: 1,
      creationTimestamp: '2026-01-01T00:00:00Z',
    },
    status: { address: { url: `http://${name}.app.svc.cluster.local` } },
  }
}

function fetchFrom(port: number, request: NetworkRequest): Promise<NetworkResponse> {
  const { host, pathname, search } = new URL(request.url)
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      {
        port,
        host: '127.0.0.1',
        path: `${pathname}${search}`,
        method: request.method,
        headers: { ...request.headers, host },
        agent: false,
        ...(request.signal && { signal: request.signal }),
      },
      incoming => {
        const chunks: Buffer[] = []
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
        incoming.once('end', () => {
          const headers = incoming.headers as Record<string, string>
          resolve({ status: incoming.statusCode ?? 0, headers, body: Buffer.concat(chunks) })
        })
      },
    )
    outgoing.once('error', reject)
    outgoing.end(request.body)
  })
}
