/** CloudEvents 1.0 in and out of a function: strict when reading, the SDK's encoding when writing. */
import { AppError } from './errors.ts'

/** A CloudEvent in memory; `data` is parsed when its content type is JSON. */
export interface CloudEvent<Data = unknown> {
  specversion: '1.0'
  id: string
  source: string
  type: string
  subject?: string
  time?: string
  datacontenttype?: string
  dataschema?: string
  data: Data
  /** Extension attributes, e.g. `traceparent`, `correlationid`, `causationid`, `partitionkey`. */
  extensions: Readonly<Record<string, string | number | boolean>>
}

/** An encoded event, ready for an HTTP request or answer. */
export interface EncodedEvent {
  headers: Record<string, string>
  body: string
}

const JSON_TYPE = /[/+]json\b/i
const STRUCTURED = 'application/cloudevents+json'
const CORE = [
  'specversion',
  'id',
  'source',
  'type',
  'subject',
  'time',
  'datacontenttype',
  'dataschema',
]

/**
 * Reads an event from a request in binary or structured mode (CloudEvents HTTP binding 3).
 * @throws {@link AppError} `invalid_request` that names the attribute at fault
 */
export function parseEvent(headers: Iterable<[string, string]>, body: string): CloudEvent {
  const all = new Map([...headers].map(([name, value]) => [name.toLowerCase(), value]))
  const contentType = all.get('content-type') ?? ''
  if (contentType.toLowerCase().startsWith(STRUCTURED)) return parseStructured(body)
  if (all.has('ce-specversion')) return parseBinary(all, contentType, body)
  throw new AppError(
    'invalid_request',
    'not a CloudEvent: neither a "ce-specversion" header nor the content type application/cloudevents+json',
  )
}

/** Encodes an event in structured mode, which carries every attribute without header escaping. */
export async function encodeEvent(event: CloudEvent): Promise<EncodedEvent> {
  // Loaded here and not above: only functions that emit pay for the SDK, and only when they do.
  const sdk = await import('cloudevents')
  const { extensions, data, ...attributes } = event
  const message = sdk.HTTP.structured(new sdk.CloudEvent({ ...attributes, ...extensions, data }))
  return { headers: { 'content-type': `${STRUCTURED}; charset=utf-8` }, body: String(message.body) }
}

function parseBinary(headers: Map<string, string>, contentType: string, body: string): CloudEvent {
  const attributes: Record<string, unknown> = {}
  for (const [name, value] of headers) {
    if (name.startsWith('ce-')) attributes[name.slice(3)] = decodeValue(value)
  }
  if (contentType !== '') attributes.datacontenttype = contentType
  return build(attributes, parseData(contentType, body))
}

function parseStructured(body: string): CloudEvent {
  const parsed = parseJson(body)
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new AppError('invalid_request', 'a structured CloudEvent must be a JSON object')
  }
  const { data, data_base64, ...attributes } = parsed as Record<string, unknown>
  if (typeof data_base64 !== 'string') return build(attributes, data)
  const bytes = Buffer.from(data_base64, 'base64')
  const contentType = attributes.datacontenttype
  const isText = typeof contentType === 'string' && JSON_TYPE.test(contentType)
  return build(attributes, isText ? parseJson(bytes.toString('utf8')) : bytes)
}

function build(attributes: Record<string, unknown>, data: unknown): CloudEvent {
  if (attributes.specversion !== '1.0') {
    throw new AppError(
      'invalid_request',
      `"specversion" must be 1.0, got ${show(attributes.specversion)}`,
    )
  }
  const extensions: Record<string, string | number | boolean> = {}
  for (const [name, value] of Object.entries(attributes)) {
    if (CORE.includes(name) || value === null || value === undefined) continue
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
      throw new AppError('invalid_request', `"${name}" must be a string, number or boolean`)
    }
    extensions[name] = value
  }
  return {
    specversion: '1.0',
    id: required(attributes, 'id'),
    source: required(attributes, 'source'),
    type: required(attributes, 'type'),
    ...optional(attributes, 'subject'),
    ...optional(attributes, 'time'),
    ...optional(attributes, 'datacontenttype'),
    ...optional(attributes, 'dataschema'),
    data,
    extensions,
  }
}

function required(attributes: Record<string, unknown>, name: string): string {
  const value = attributes[name]
  if (typeof value === 'string' && value !== '') return value
  throw new AppError('invalid_request', `"${name}" must be a non-empty string, got ${show(value)}`)
}

function optional(attributes: Record<string, unknown>, name: string): Record<string, string> {
  const value = attributes[name]
  if (value === undefined || value === null) return {}
  if (typeof value === 'string' && value !== '') return { [name]: value }
  throw new AppError('invalid_request', `"${name}" must be a non-empty string, got ${show(value)}`)
}

function parseData(contentType: string, body: string): unknown {
  if (body === '') return undefined
  return JSON_TYPE.test(contentType) || contentType === '' ? parseJson(body) : body
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch (cause) {
    throw new AppError('invalid_request', 'the body is not valid JSON', { cause })
  }
}

/** CloudEvents HTTP binding 3.1.3.2: header values are percent-encoded UTF-8. */
function decodeValue(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}

const show = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value))
