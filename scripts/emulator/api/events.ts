/** The event ledger over HTTP: list, show with all that came of an event, send again, delete. */
import type { IncomingMessage } from 'node:http'
import { EventError } from '../eventing/event.ts'
import type { Eventing } from '../eventing/eventing.ts'
import type { EventQuery } from '../eventing/history.ts'
import type { EventRecord, EventReference, EventState } from '../eventing/records.ts'
import { reference } from '../eventing/records.ts'
import type { ResendRequest } from '../eventing/resend.ts'
import { isJsonType } from '../eventing/structured.ts'
import { QueryError } from './query-error.ts'

/** Answers with what is sent as JSON; undefined is a 404. */
export type EventRoute = (url: URL, request: IncomingMessage) => Promise<unknown> | unknown

/** By method and path below `/_emulator/`. */
export function createEventRoutes(eventing: Eventing): Readonly<Record<string, EventRoute>> {
  return {
    'GET events': url => list(eventing, url),
    'GET event': url => show(eventing, url),
    'POST events/resend': (_url, request) => resend(eventing, request),
    'DELETE events': url => purge(eventing, url),
  }
}

const MAX_EVENTS = 500
const MAX_CAUSES = 64
const MAX_BODY_BYTES = 4 * 1_048_576
const TEXT_FILTERS = ['type', 'source', 'id', 'broker', 'correlation'] as const
const STATES: readonly EventState[] = [
  'pending',
  'retrying',
  'delivered',
  'filtered',
  'deadLettered',
  'failed',
  'refused',
]

/** A page, newest first; `next` is the `before` of the next page. */
function list(eventing: Eventing, url: URL): { events: EventRecord[]; next?: number } {
  const query = toQuery(url)
  const events = eventing.events(query)
  const last = events.at(-1)
  return { events, ...(last && events.length === query.limit && { next: last.seq }) }
}

function toQuery({ searchParams }: URL): EventQuery {
  const limit = readNumber(searchParams, 'limit') ?? 50
  if (limit < 1 || limit > MAX_EVENTS) {
    throw new QueryError(`"limit" must be a whole number from 1 to ${MAX_EVENTS}, got ${limit}`)
  }
  const before = readNumber(searchParams, 'before')
  const state = readState(searchParams)
  const texts = TEXT_FILTERS.flatMap(name => {
    const value = searchParams.get(name)
    return value === null ? [] : [[name, value]]
  })
  return {
    limit,
    ...(before !== undefined && { before }),
    ...(state && { state }),
    ...(Object.fromEntries(texts) as Partial<Record<(typeof TEXT_FILTERS)[number], string>>),
  }
}

function readNumber(params: URLSearchParams, name: string): number | undefined {
  const value = params.get(name)
  if (value === null) return undefined
  if (!/^\d{1,15}$/.test(value)) {
    throw new QueryError(`"${name}" must be a whole number, got ${JSON.stringify(value)}`)
  }
  return Number(value)
}

function readState(params: URLSearchParams): EventState | undefined {
  const value = params.get('state')
  if (value === null) return undefined
  const state = STATES.find(each => each === value)
  if (state) return state
  throw new QueryError(`"state" must be one of ${STATES.join(', ')}, got ${JSON.stringify(value)}`)
}

/** The event with its data, the events that it came of (nearest first) and those that came of it. */
function show(eventing: Eventing, { searchParams }: URL): unknown {
  const seq = readNumber(searchParams, 'seq')
  const record =
    seq === undefined
      ? eventing.event(searchParams.get('id') ?? '', searchParams.get('source') ?? undefined)
      : eventing.eventAt(seq)
  if (!record) return undefined
  const { data: _, ...rest } = record
  return {
    ...rest,
    ...toData(record),
    causes: causesOf(eventing, record),
    children: eventing.children(record.seq).map(child => ({
      ...reference(child.seq, child.attributes),
      broker: child.broker,
      state: child.state,
      ...(child.cause && { how: child.cause.how, trigger: child.cause.trigger }),
    })),
  }
}

function causesOf(eventing: Eventing, record: EventRecord): EventReference[] {
  const causes: EventReference[] = []
  for (let { cause } = record; cause && causes.length < MAX_CAUSES; ) {
    causes.push(cause)
    cause = eventing.eventAt(cause.seq)?.cause
  }
  return causes
}

/** The body as the JSON event format shows it (CloudEvents 1.0 JSON 3.1): a JSON value, or bytes in base64. */
function toData({ attributes, data }: EventRecord): { data?: unknown; data_base64?: string } {
  if (data === undefined) return {}
  const bytes = Buffer.from(data)
  if (isJsonType(attributes.datacontenttype)) {
    try {
      return { data: JSON.parse(bytes.toString('utf8')) }
    } catch {
      // Whatever its content type says, it is no JSON.
    }
  }
  return { data_base64: bytes.toString('base64') }
}

async function resend(eventing: Eventing, request: IncomingMessage): Promise<unknown> {
  const asked = toResend(await readJson(request))
  const base =
    asked.seq === undefined
      ? eventing.event(asked.id ?? '', asked.source)
      : eventing.eventAt(asked.seq)
  if (!base) return undefined
  const { attributes, ...bodies } = asked.edit ?? {}
  const type = attributes?.datacontenttype ?? base.attributes.datacontenttype
  const data = toBytes(bodies, type)
  const edit = asked.edit && {
    ...(attributes && { attributes }),
    ...(data !== undefined && { data }),
  }
  try {
    return await eventing.resend({ seq: base.seq, ...(edit && { edit }) })
  } catch (error) {
    if (error instanceof EventError) throw new QueryError(error.message)
    throw error
  }
}

interface ResendBody {
  seq?: number
  id?: string
  source?: string
  edit?: {
    attributes?: NonNullable<ResendRequest['edit']>['attributes']
    data?: unknown
    data_base64?: unknown
  }
}

function toResend(body: unknown): ResendBody {
  if (!isObject(body)) throw new QueryError('the body must be a JSON object, got something else')
  const { seq, id, source, edit } = body
  const known =
    (seq === undefined || Number.isInteger(seq)) &&
    (id === undefined || typeof id === 'string') &&
    (source === undefined || typeof source === 'string') &&
    (edit === undefined ||
      (isObject(edit) && (edit.attributes === undefined || isObject(edit.attributes))))
  if (!known || (seq === undefined && id === undefined)) {
    throw new QueryError(
      'the body must be { "id" or "seq", "source"?, "edit"?: { "attributes"?, "data"?, "data_base64"? } }, got something else',
    )
  }
  // Its members were looked at above; the values of attributes are checked with the event itself.
  return body as ResendBody
}

/** Null takes the body away; a JSON value is written as such, a text for another content type as it stands. */
function toBytes(
  edit: { data?: unknown; data_base64?: unknown },
  contentType: unknown,
): Uint8Array | null | undefined {
  if (edit.data_base64 !== undefined) return fromBase64(edit.data_base64)
  if (edit.data === undefined || edit.data === null) return edit.data
  if (typeof edit.data === 'string' && !isJsonType(contentType)) return Buffer.from(edit.data)
  return Buffer.from(JSON.stringify(edit.data))
}

function fromBase64(text: unknown): Uint8Array {
  if (typeof text === 'string' && text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text)) {
    return Buffer.from(text, 'base64')
  }
  throw new QueryError('"edit.data_base64" must be base64, got something else')
}

async function purge(eventing: Eventing, { searchParams }: URL): Promise<{ deleted: number }> {
  const before = readNumber(searchParams, 'before') ?? Number.POSITIVE_INFINITY
  const state = readState(searchParams)
  const deleted = await eventing.purge(
    record => record.seq < before && (state === undefined || record.state === state),
  )
  return { deleted }
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += (chunk as Buffer).length
    if (size > MAX_BODY_BYTES)
      throw new QueryError(`the body must be at most ${MAX_BODY_BYTES} bytes`)
    chunks.push(chunk as Buffer)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch {
    throw new QueryError('the body must be JSON, got something else')
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
