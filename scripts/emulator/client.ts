/** How a test speaks to the emulator: publishes events and asks functions, by their names. */
import type { CloudEvent } from './eventing/event.ts'
import type { Eventing } from './eventing/eventing.ts'
import type { EventReference } from './eventing/records.ts'
import type { Send } from './network.ts'
import type { Serving } from './serving/serving.ts'

/** An event with its attributes as members: `type` is all that must be said. */
export interface EventInput {
  readonly type: string
  readonly source?: string
  readonly id?: string
  /** Bytes and text go as they are, all else as JSON. */
  readonly data?: unknown
  readonly [attribute: string]: unknown
}

/** A request; everything has the usual default. */
export interface RequestInput {
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Bytes and text go as they are, all else as JSON. */
  readonly body?: unknown
  readonly signal?: AbortSignal
}

/** What can be done. */
export interface Client {
  /**
   * Publishes an event to a broker: `<name>`, `<namespace>/<name>`, or the only or default one.
   * @throws EventError when it is refused; TypeError when the broker is not clear
   */
  publish(event: CloudEvent | EventInput, broker?: string): Promise<EventReference>
  /**
   * Asks a function by its name, a host or a URL, from zero if need be.
   * @throws TypeError when there is no such function; Error when no answer came
   */
  request(target: string, input?: RequestInput): Promise<Response>
}

/** Speaks over `send`, as a function would. */
export function createClient({
  serving,
  eventing,
  send,
  assertOpen,
}: {
  serving: Serving
  eventing: Eventing
  send: Send
  /** @throws Error when nothing can be asked any more */
  assertOpen: () => void
}): Client {
  function findBroker(wanted: string | undefined): { namespace: string; name: string } {
    const { brokers } = eventing.status()
    const [name, namespace] = (wanted ?? '').split('/').reverse()
    const found = brokers.filter(
      broker =>
        (wanted === undefined || broker.name === name) &&
        (namespace === undefined || broker.namespace === namespace),
    )
    const [only] = found.length === 1 ? found : found.filter(each => each.name === 'default')
    if (only && (found.length === 1 || found.filter(isDefault).length === 1)) return only
    const known = brokers.map(each => `${each.namespace}/${each.name}`).join(', ') || 'none'
    throw new TypeError(`"broker" must be one of ${known}, got ${wanted ?? 'nothing'}`)
  }

  function toUrl(target: string, path: string): string {
    if (!path.startsWith('/')) throw new TypeError(`"path" must begin with /, got ${path}`)
    if (/^https?:\/\//.test(target)) return path === '/' ? target : new URL(path, target).href
    if (target.includes('.')) return `http://${target}${path}`
    const [name, namespace] = target.split('/').reverse()
    const found = serving
      .status()
      .filter(each => each.name === name && (!namespace || each.namespace === namespace))
    const [only] = found
    if (only && found.length === 1) {
      return `http://${only.name}.${only.namespace}.svc.cluster.local${path}`
    }
    const known = serving.status().map(each => `${each.namespace}/${each.name}`)
    throw new TypeError(
      `"target" must be one of ${known.join(', ') || 'no function'}, got ${target}`,
    )
  }

  return {
    async publish(event, broker) {
      assertOpen()
      const place = findBroker(broker)
      return await eventing.publish(place, isCloudEvent(event) ? event : toEvent(event))
    },
    async request(target, { method, path = '/', headers = {}, body, signal } = {}) {
      assertOpen()
      const bytes = toBytes(body)
      const type: Record<string, string> =
        bytes && !isRaw(body) ? { 'content-type': 'application/json' } : {}
      const answer = await send({
        url: toUrl(target, path),
        method: method ?? (bytes ? 'POST' : 'GET'),
        headers: { ...type, ...lowerCased(headers) },
        ...(bytes && { body: bytes }),
        ...(signal && { signal }),
      })
      const hasBody = ![204, 205, 304].includes(answer.status)
      return new Response(hasBody ? Buffer.from(answer.body) : null, {
        status: answer.status,
        headers: answer.headers,
      })
    },
  }
}

const isDefault = ({ name }: { name: string }): boolean => name === 'default'

function isCloudEvent(event: CloudEvent | EventInput): event is CloudEvent {
  if (typeof event !== 'object' || event === null) {
    throw new TypeError(`"event" must be an object, got ${event === null ? 'null' : typeof event}`)
  }
  return 'attributes' in event && typeof event.attributes === 'object'
}

/** CloudEvents 1.0 "Attribute Naming": a header that a broker would not take is none here either. */
const ATTRIBUTE = /^[a-z0-9]+$/

function toEvent({ data, ...given }: EventInput): CloudEvent {
  const attributes: Record<string, string | number | boolean> = {
    specversion: '1.0',
    id: crypto.randomUUID(),
    source: '/test',
  }
  for (const [name, value] of Object.entries(given)) {
    if (!ATTRIBUTE.test(name)) {
      throw new TypeError(`"event" must have names of lower case letters and digits, got ${name}`)
    }
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
      attributes[name] = value
    } else if (value !== undefined) {
      throw new TypeError(`"${name}" must be a string, a number or a boolean, got ${typeof value}`)
    }
  }
  const bytes = toBytes(data)
  if (bytes && !isRaw(data)) attributes.datacontenttype ??= 'application/json'
  return { attributes, ...(bytes && { data: bytes }) }
}

const isRaw = (value: unknown): value is string | Uint8Array =>
  typeof value === 'string' || value instanceof Uint8Array

function toBytes(value: unknown): Uint8Array | undefined {
  if (value === undefined) return undefined
  return isRaw(value) ? Buffer.from(value) : Buffer.from(JSON.stringify(value))
}

const lowerCased = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
