/** The JSON event format: one event as one JSON document, its data kept as the bytes that stood there. */

import { attribute, type CloudEvent, EventError } from './event.ts'
import { parseAttributes } from './validate.ts'

/**
 * Reads `application/cloudevents+json`. JSON data keeps its own bytes, so that large numbers and key order survive.
 * @throws EventError when it is not a CloudEvent
 */
export function fromStructured(body: Uint8Array): CloudEvent {
  const { source, document } = parseDocument(body)
  const { data: _, data_base64: base64, ...rest } = document
  const attributes = parseAttributes(Object.entries(rest))
  const raw = rawMember(source, 'data')
  if (base64 !== undefined && base64 !== null) {
    if (raw !== undefined)
      throw new EventError('an event must have "data" or "data_base64", got both')
    return { attributes, data: parseBase64(base64) }
  }
  if (raw === undefined) return { attributes }
  if (isJsonType(attributes.datacontenttype)) return { attributes, data: Buffer.from(raw) }
  if (typeof document.data !== 'string') {
    throw new EventError(
      `"data" must be a string for content type ${attributes.datacontenttype}, got JSON`,
    )
  }
  return { attributes, data: Buffer.from(document.data) }
}

/**
 * The documents of a batch, each as the bytes that stood there.
 * @throws EventError when it is not a JSON array
 */
export function toMembers(body: Uint8Array): Uint8Array[] {
  let source: string
  try {
    source = UTF8.decode(body)
    if (!Array.isArray(JSON.parse(source))) throw new TypeError('not an array')
  } catch {
    throw new EventError('a batch must be a JSON array in UTF-8, got something else')
  }
  const members: Uint8Array[] = []
  for (let at = skipSpace(source, 0) + 1; ; ) {
    const start = skipSpace(source, at)
    if (source[start] === ']') return members
    const end = skipValue(source, start)
    members.push(Buffer.from(source.slice(start, end)))
    at = skipSpace(source, end)
    if (source[at] === ',') at += 1
  }
}

/** Writes `application/cloudevents+json`; data that is not JSON goes as base64. */
export function toStructured(event: CloudEvent): Uint8Array {
  const members = Object.entries(event.attributes).map(
    ([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`,
  )
  if (event.data !== undefined) {
    const json = isJsonType(attribute(event, 'datacontenttype')) ? jsonText(event.data) : undefined
    const base64 = Buffer.from(event.data).toString('base64')
    members.push(json === undefined ? `"data_base64":"${base64}"` : `"data":${json}`)
  }
  return Buffer.from(`{${members.join(',')}}`)
}

/** `application/json`, `text/json` and `+json` types; no type at all means JSON (JSON format 3.1). */
export function isJsonType(contentType: unknown): boolean {
  if (typeof contentType !== 'string') return true
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  return /^(application|text)\/json$|\+json$/.test(type)
}

function parseDocument(body: Uint8Array): { source: string; document: Record<string, unknown> } {
  let document: unknown
  let source: string
  try {
    source = UTF8.decode(body)
    document = JSON.parse(source)
  } catch {
    throw new EventError('a structured event must be a JSON document in UTF-8, got something else')
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw new EventError('a structured event must be a JSON object, got another JSON value')
  }
  return { source, document: document as Record<string, unknown> }
}

function parseBase64(value: unknown): Uint8Array {
  if (
    typeof value !== 'string' ||
    value.length % 4 !== 0 ||
    !/^[A-Za-z0-9+/]*={0,2}$/.test(value)
  ) {
    throw new EventError('"data_base64" must be a base64 string, got something else')
  }
  return Buffer.from(value, 'base64')
}

function jsonText(data: Uint8Array): string | undefined {
  try {
    const source = UTF8.decode(data)
    JSON.parse(source)
    return source
  } catch {
    return undefined
  }
}

/** The source text of a member of a JSON object that is known to be valid; the last one wins, as in `JSON.parse`. */
function rawMember(source: string, wanted: string): string | undefined {
  let found: string | undefined
  let at = skipSpace(source, 0) + 1
  for (;;) {
    at = skipSpace(source, at)
    if (source[at] !== '"') return found
    const keyEnd = skipValue(source, at)
    const key: unknown = JSON.parse(source.slice(at, keyEnd))
    const start = skipSpace(source, skipSpace(source, keyEnd) + 1)
    const end = skipValue(source, start)
    if (key === wanted) found = source.slice(start, end)
    at = skipSpace(source, end) + 1
  }
}

function skipSpace(source: string, from: number): number {
  let at = from
  while (at < source.length && ' \t\n\r'.includes(source[at] ?? '')) at += 1
  return at
}

function skipValue(source: string, from: number): number {
  let depth = 0
  for (let at = from; at < source.length; at += 1) {
    const char = source[at] ?? ''
    if (char === '"') at = stringEnd(source, at)
    else if (char === '{' || char === '[') depth += 1
    else if (depth > 0 && (char === '}' || char === ']')) depth -= 1
    else if (depth > 0 || !',}] \t\n\r'.includes(char)) continue
    else return at
    if (depth === 0) return at + 1
  }
  return source.length
}

function stringEnd(source: string, from: number): number {
  let at = from + 1
  while (at < source.length && source[at] !== '"') at += source[at] === '\\' ? 2 : 1
  return at
}

const UTF8 = new TextDecoder('utf-8', { fatal: true })
