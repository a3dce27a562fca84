/** The routes of Qdrant's REST API that are served, as a table. */
import type { Collection } from './collection.ts'
import { assertName, describeCollection, parseDefinition, parsePayloadIndex } from './definition.ts'
import { toShortest } from './distance.ts'
import { formatError, notFound, notServed, wrongInput } from './error.ts'
import { parseFilter } from './filter.ts'
import {
  field,
  isObject,
  type Json,
  type JsonObject,
  optionalInteger,
  required,
  toArray,
  toObject,
  toText,
} from './json.ts'
import { parsePath, valuesAt } from './payload.ts'
import { type PointId, parsePointId } from './point-id.ts'
import { runQuery } from './query.ts'
import { listPoints } from './scroll.ts'
import { type PayloadView, parseWithPayload, parseWithVector } from './selection.ts'
import type { Store } from './store.ts'
import { UPDATES, type Update } from './updates.ts'

/** A request, after its route was found. */
export interface Call {
  store: Store
  /** The names in the path, in order. */
  names: string[]
  search: URLSearchParams
  body: JsonObject
}

/** Gives the `result` of the answer. */
export type Handler = (call: Call) => Json

/** Finds the handler of a request; names in the path are `{}` in the table. */
export function findRoute(
  method: string,
  segments: string[],
): { handler: Handler; names: string[] } | undefined {
  for (const [route, handler] of Object.entries(ROUTES)) {
    const [verb, pattern = ''] = route.split(' ')
    const parts = pattern.split('/').slice(1)
    if (verb !== method || parts.length !== segments.length) continue
    if (!parts.every((part, at) => part === '{}' || part === segments[at])) continue
    return { handler, names: segments.filter((_, at) => parts[at] === '{}') }
  }
  return undefined
}

const ROUTES: Record<string, Handler> = {
  'GET /collections': ({ store }) => ({ collections: store.names().map(name => ({ name })) }),
  'PUT /collections/{}': ({ store, names: [name = ''], body }) => {
    assertName(name)
    store.create(name, parseDefinition(body))
    return true
  },
  'GET /collections/{}': call => describeOne(collectionOf(call)),
  'DELETE /collections/{}': ({ store, names: [name = ''] }) => store.drop(name),
  'GET /collections/{}/exists': ({ store, names: [name = ''] }) => ({ exists: store.has(name) }),
  'PUT /collections/{}/index': call => {
    const { key, parameters } = parsePayloadIndex(call.body)
    return changeIndexes(call, indexes => ({
      ...indexes,
      ...Object.fromEntries([[key, parameters]]),
    }))
  },
  'DELETE /collections/{}/index/{}': call =>
    changeIndexes(call, indexes =>
      Object.fromEntries(Object.entries(indexes).filter(([key]) => key !== call.names[1])),
    ),
  'POST /collections/{}/points/batch': call => {
    const collection = collectionOf(call)
    return toArray(required(call.body, 'operations'), 'list of operations').map(value => {
      const operation = toObject(value, 'enum UpdateOperation')
      const [name = '', ...more] = Object.keys(operation)
      const update = Object.hasOwn(UPDATES, name) ? UPDATES[name] : undefined
      if (!update || more.length > 0) {
        throw formatError('data did not match any variant of untagged enum UpdateOperation')
      }
      return updated(call, update(collection, toSelector(operation[name])))
    })
  },
  'PUT /collections/{}/points': change('upsert'),
  'POST /collections/{}/points/delete': change('delete'),
  'POST /collections/{}/points/payload': change('set_payload'),
  'PUT /collections/{}/points/payload': change('overwrite_payload'),
  'POST /collections/{}/points/payload/delete': change('delete_payload'),
  'POST /collections/{}/points/payload/clear': change('clear_payload'),
  'PUT /collections/{}/points/vectors': change('update_vectors'),
  'POST /collections/{}/points/vectors/delete': change('delete_vectors'),
  'GET /collections/{}/points/{}': call => {
    const collection = collectionOf(call)
    const text = call.names[1] ?? ''
    const id = parsePointId(/^\d+$/.test(text) ? Number(text) : text)
    const position = collection.table.byId(id)
    if (position === undefined) throw notFound(`Point with id ${id} does not exists!`)
    return toRecord(collection, id, { payload: payload => payload, vector: true })
  },
  'POST /collections/{}/points': call => {
    const collection = collectionOf(call)
    const ids = toArray(required(call.body, 'ids'), 'list of point ids').map(parsePointId)
    const show = toView(call.body, true)
    return [...new Set(ids)]
      .filter(id => collection.table.byId(id) !== undefined)
      .map(id => toRecord(collection, id, show))
  },
  'POST /collections/{}/points/count': call => {
    const collection = collectionOf(call)
    const check = parseFilter(field(call.body, 'filter'), collection.textIndexes)
    return { count: collection.matching(check).length }
  },
  'POST /collections/{}/points/scroll': call => scroll(collectionOf(call), call.body),
  'POST /collections/{}/points/query': call => ({ points: hits(collectionOf(call), call.body) }),
  'POST /collections/{}/points/query/batch': call => {
    const collection = collectionOf(call)
    return searches(call.body).map(search => ({ points: hits(collection, search) }))
  },
  'POST /collections/{}/points/search': call => hits(collectionOf(call), toQuery(call.body)),
  'POST /collections/{}/points/search/batch': call => {
    const collection = collectionOf(call)
    return searches(call.body).map(search => hits(collection, toQuery(search)))
  },
  'GET /aliases': () => ({ aliases: [] }),
  'GET /collections/{}/aliases': call => {
    collectionOf(call)
    return { aliases: [] }
  },
}

const collectionOf = ({ store, names: [name = ''] }: Call): Collection => store.get(name)

function change(name: string): Handler {
  const update = UPDATES[name] as Update
  return call => updated(call, update(collectionOf(call), toSelector(call.body)))
}

/** Deletion takes a bare list of ids too. */
const toSelector = (value: Json | undefined): JsonObject =>
  Array.isArray(value) ? { points: value } : toObject(value, 'an operation')

/** The work is done and durable either way: `wait` only chooses the word. */
function updated({ search }: Call, operation: number): JsonObject {
  const status = search.get('wait') === 'true' ? 'completed' : 'acknowledged'
  return { operation_id: operation, status }
}

function changeIndexes(
  call: Call,
  apply: (indexes: Record<string, JsonObject>) => Record<string, JsonObject>,
): Json {
  const collection = collectionOf(call)
  const definition = collection.definition()
  const payloadIndexes = apply(definition.payloadIndexes)
  return updated(call, collection.redefine({ ...definition, payloadIndexes }))
}

function describeOne(collection: Collection): Json {
  const definition = collection.definition()
  const { entries } = collection.table
  const counts = Object.keys(definition.payloadIndexes).map(key => {
    const path = parsePath(key)
    return [
      key,
      entries.filter(({ payload }) => valuesAt(payload, path).length > 0).length,
    ] as const
  })
  return describeCollection(definition, {
    points: entries.length,
    indexed: collection.indexer.indexed(),
    counts: Object.fromEntries(counts),
  })
}

interface View {
  payload: PayloadView
  vector: boolean
}

const toView = (body: JsonObject, withPayload: boolean): View => ({
  payload: parseWithPayload(field(body, 'with_payload'), withPayload),
  vector: parseWithVector(field(body, 'with_vector') ?? field(body, 'with_vectors')),
})

function toRecord({ table }: Collection, id: PointId, show: View): JsonObject {
  const position = table.byId(id) ?? -1
  const payload = show.payload(table.entries[position]?.payload ?? {})
  const vector = show.vector ? table.vectorAt(position) : undefined
  return {
    id,
    ...(payload ? { payload } : {}),
    ...(vector ? { vector: Array.from(vector, toShortest) } : {}),
  }
}

function hits(collection: Collection, body: JsonObject): JsonObject[] {
  const show = toView(body, false)
  return runQuery(collection, body).map(({ id, score }) => {
    const position = collection.table.byId(id) ?? -1
    const version = collection.table.entries[position]?.version ?? 0
    const { id: _, ...shown } = toRecord(collection, id, show)
    return { id, version, score: toShortest(score), ...shown }
  })
}

/** The older search request as a query. */
function toQuery(body: JsonObject): JsonObject {
  const { vector: _, ...rest } = body
  const target = required(body, 'vector')
  optionalInteger(body, 'limit', { fallback: 1, minimum: 1 })
  required(body, 'limit')
  if (!isObject(target)) return { ...rest, query: { nearest: target } }
  const using = toText(required(target, 'name'), 'vector name')
  return { ...rest, using, query: { nearest: required(target, 'vector') } }
}

const searches = (body: JsonObject): JsonObject[] =>
  toArray(required(body, 'searches'), 'list of searches').map(search =>
    toObject(search, 'a search request'),
  )

function scroll(collection: Collection, body: JsonObject): Json {
  if (field(body, 'shard_key') !== undefined) throw notServed('"shard_key"')
  const limit = optionalInteger(body, 'limit', { fallback: 10, minimum: 1 })
  const check = parseFilter(field(body, 'filter'), collection.textIndexes)
  const show = toView(body, true)
  const offset = field(body, 'offset')
  const orderBy = field(body, 'order_by')
  if (orderBy !== undefined) {
    if (offset !== undefined) {
      throw wrongInput(
        "Cannot use an `offset` when using `order_by`. The alternative for paging is to use `order_by.start_from` and a filter to exclude the IDs that you've already seen for the `order_by.start_from` value",
      )
    }
    const points = listPoints(collection, { check, orderBy, limit }).map(
      ({ entry, orderValue }) => ({
        ...toRecord(collection, entry.id, show),
        ...(orderValue === undefined ? {} : { order_value: orderValue }),
      }),
    )
    return { points, next_page_offset: null }
  }
  const from = offset === undefined ? undefined : parsePointId(offset)
  const page = listPoints(collection, { check, from, limit: limit + 1 })
  return {
    points: page.slice(0, limit).map(({ entry }) => toRecord(collection, entry.id, show)),
    next_page_offset: page[limit]?.entry.id ?? null,
  }
}
