/** A fresh eventing part per test: its own folder, a clock that stands still, subscribers as functions. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type Clock, createClock } from '../../../../scripts/emulator/clock.ts'
import type { CloudEvent } from '../../../../scripts/emulator/eventing/event.ts'
import {
  createEventing,
  type Eventing,
  type EventingOptions,
} from '../../../../scripts/emulator/eventing/eventing.ts'
import type { Log } from '../../../../scripts/emulator/log.ts'
import type {
  BrokerResource,
  ChannelResource,
  SubscriptionResource,
  TriggerResource,
} from '../../../../scripts/emulator/manifests/types.ts'
import type { NetworkRequest, NetworkResponse } from '../../../../scripts/emulator/network.ts'

const ORIGIN = { file: 'eventing/test.yaml', line: 1, labels: {}, annotations: {} }

export const DEFAULT_BROKER: { namespace: string; name: string } = {
  namespace: 'app',
  name: 'default',
}

/** Where dead letters go. */
export const DLQ: { deadLetterSink: { uri: string } } = {
  deadLetterSink: { uri: 'http://dlq.test/' },
}

export function broker(fields: Partial<BrokerResource> = {}): BrokerResource {
  return { ...ORIGIN, ...DEFAULT_BROKER, ...fields }
}

export function trigger(name: string, fields: Partial<TriggerResource> = {}): TriggerResource {
  return {
    ...ORIGIN,
    namespace: 'app',
    name,
    broker: 'default',
    subscriber: { uri: `http://${name}.test/` },
    ...fields,
  }
}

export function channel(name: string, fields: Partial<ChannelResource> = {}): ChannelResource {
  return { ...ORIGIN, kind: 'Channel', namespace: 'app', name, ...fields }
}

export function subscription(
  name: string,
  fields: Partial<SubscriptionResource> = {},
): SubscriptionResource {
  return {
    ...ORIGIN,
    kind: 'Subscription',
    namespace: 'app',
    name,
    channel: { kind: 'Channel', name: 'pipe' },
    subscriber: { uri: `http://${name}.test/` },
    ...fields,
  }
}

export function event(
  attributes: Record<string, string | number | boolean> = {},
  data?: string,
): CloudEvent {
  const required = { specversion: '1.0', id: 'e1', source: '/test', type: 'test.happened' }
  return {
    attributes: { ...required, ...attributes },
    ...(data !== undefined && { data: Buffer.from(data) }),
  }
}

export function answer(
  status: number,
  body = '',
  headers: Record<string, string> = {},
): NetworkResponse {
  return { status, headers, body: Buffer.from(body) }
}

export function replyEvent(id: string, type: string, body = ''): NetworkResponse {
  const headers = { 'ce-specversion': '1.0', 'ce-id': id, 'ce-source': '/reply', 'ce-type': type }
  return answer(200, body, headers)
}

export type Subscriber = (request: NetworkRequest) => NetworkResponse | Promise<NetworkResponse>

/** A default broker, and the rest of the options as `createEventing` takes them. */
export type BenchOptions = Partial<EventingOptions>

export interface Bench {
  eventing: Eventing
  clock: Clock
  directory: string
  /** Every request that left the broker. */
  requests: NetworkRequest[]
  lines: { level: string; scope: string; message: string }[]
  /** By host name without `.test`; 202 when absent. */
  subscribers: Record<string, Subscriber>
  /** Closes and opens again on the same folder. */
  restart(changes?: BenchOptions): Promise<void>
  /** Lets everything that needs no time happen. */
  settle(): Promise<void>
}

/** What was logged as an error. */
export const errors = ({ lines }: Pick<Bench, 'lines'>): string[] =>
  lines.filter(({ level }) => level === 'error').map(({ message }) => message)

export function createTestLog(): { log: Log; lines: Bench['lines'] } {
  const lines: Bench['lines'] = []
  const at =
    (level: string) =>
    (scope: string, message: string): void => {
      lines.push({ level, scope, message })
    }
  return {
    lines,
    log: { info: at('info'), warn: at('warn'), error: at('error'), output: at('output') },
  }
}

export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'aiwfe-eventing-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** What `createEventing` needs at the least, for one broker in that folder. */
export const bare = (directory: string): EventingOptions => ({
  brokers: [broker()],
  triggers: [],
  clock: createClock({ scale: 0 }),
  log: createTestLog().log,
  directory,
  domain: 'localhost',
  send: async () => answer(202),
})

export async function bench(
  resources: BenchOptions = {},
  subscribers: Record<string, Subscriber> = {},
): Promise<Bench> {
  const clock = createClock({ scale: 0, start: Date.parse('2026-01-01T00:00:00Z') })
  const { log, lines } = createTestLog()
  const directory = temporaryDirectory()
  const requests: NetworkRequest[] = []
  const open = (changes: BenchOptions = {}): Promise<Eventing> =>
    createEventing({
      brokers: [broker()],
      triggers: [],
      clock,
      log,
      directory,
      domain: 'localhost',
      send: async request => {
        requests.push(request)
        const name = new URL(request.url).hostname.replace('.test', '')
        return (await self.subscribers[name]?.(request)) ?? answer(202)
      },
      ...resources,
      ...changes,
    })
  const self: Bench = {
    eventing: await open(),
    clock,
    directory,
    requests,
    lines,
    subscribers,
    async restart(changes) {
      await self.eventing.close()
      self.eventing = await open(changes)
    },
    async settle() {
      await until(() => {
        const { triggers, subscriptions } = self.eventing.status()
        return [...triggers, ...subscriptions].every(({ running }) => running === 0)
      })
    },
  }
  onTestFinished(() => self.eventing.close())
  return self
}

/** Polls with a deadline instead of sleeping; two looks in a row, so that a hand-over is not taken for the end. */
export async function until(condition: () => boolean, deadlineMs = 10_000): Promise<void> {
  const end = performance.now() + deadlineMs
  for (let held = 0; held < 2; held = condition() ? held + 1 : 0) {
    if (performance.now() > end)
      throw new Error(`not reached within ${deadlineMs} ms: ${condition}`)
    await new Promise(resolve => setTimeout(resolve, 2))
  }
}
