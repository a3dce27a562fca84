/** CloudEvents over HTTP: tells the content modes apart, reads both, writes binary. */

import { type CloudEvent, EventError } from './event.ts'
import { percentDecode, percentEncode } from './percent.ts'
import { fromStructured, toMembers } from './structured.ts'
import { parseAttributes } from './validate.ts'

/** Headers as `node:http` gives them. */
export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>

/**
 * Reads a message by Knative's rule: a structured content type first, else binary when `ce-specversion` is there.
 * @throws EventError when it is no valid CloudEvent, or a batch
 */
export function fromHttp(headers: Headers, body: Uint8Array): CloudEvent {
  const values = lowerCase(headers)
  const mode = modeOf(values)
  if (mode === 'structured') return fromStructured(body)
  if (mode === 'binary') return fromBinary(values, body)
  throw new EventError(REFUSALS[mode])
}

/** Whether the message says that it is a batch. */
export function isBatch(headers: Headers): boolean {
  return modeOf(lowerCase(headers)) === 'batch'
}

/**
 * Reads `application/cloudevents-batch+json`.
 * @throws EventError when any of its events is not valid
 */
export function fromBatch(body: Uint8Array): CloudEvent[] {
  return toMembers(body).map(fromStructured)
}

/** Whether the message claims to be a CloudEvent at all. */
export function isEventMessage(headers: Headers): boolean {
  return modeOf(lowerCase(headers)) !== 'none'
}

/** Writes binary mode: the attributes as headers, the data as the body. */
export function toBinary(event: CloudEvent): { headers: Record<string, string>; body: Uint8Array } {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(event.attributes)) {
    if (name === 'datacontenttype') headers['content-type'] = String(value)
    else headers[`ce-${name}`] = typeof value === 'string' ? percentEncode(value) : String(value)
  }
  return { headers, body: event.data ?? EMPTY }
}

const REFUSALS = {
  batch: 'a batch of events is not accepted, send one event per request',
  none: 'a request must have "ce-specversion" or content type application/cloudevents+json, got neither',
}

const EMPTY = new Uint8Array(0)

function modeOf(headers: ReadonlyMap<string, string>): 'binary' | 'structured' | 'batch' | 'none' {
  const type = headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  if (type === 'application/cloudevents+json') return 'structured'
  if (type.startsWith('application/cloudevents-batch')) return 'batch'
  return headers.has('ce-specversion') ? 'binary' : 'none'
}

function fromBinary(headers: ReadonlyMap<string, string>, body: Uint8Array): CloudEvent {
  const entries: [string, string][] = []
  for (const [name, value] of headers) {
    if (name.startsWith('ce-')) entries.push([name.slice(3), percentDecode(name, value)])
  }
  const contentType = headers.get('content-type')
  if (contentType !== undefined) entries.push(['datacontenttype', contentType.trim()])
  const attributes = parseAttributes(entries)
  return body.length === 0 ? { attributes } : { attributes, data: body }
}

function lowerCase(headers: Headers): Map<string, string> {
  const values = new Map<string, string>()
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined)
      values.set(name.toLowerCase(), typeof value === 'string' ? value : value.join(', '))
  }
  return values
}
