/** Operations that change points: their bodies, and what they do to a collection. */
import { type Collection, type Draft, entryOf } from './collection.ts'
import { formatError, notFound, notServed } from './error.ts'
import { parseFilter } from './filter.ts'
import { field, type Json, type JsonObject, required, toArray, toObject, toText } from './json.ts'
import { merge, parsePath, without } from './payload.ts'
import { type PointId, parsePointId } from './point-id.ts'
import { parsePointVector } from './vector.ts'

/** Carries an operation out and gives its number. */
export type Update = (collection: Collection, body: JsonObject) => number

/** Operations by their name in `POST /points/batch`. */
export const UPDATES: Record<string, Update> = {
  upsert(collection, body) {
    refuseConditional(body)
    return collection.write(toPoints(body).map(point => toDraft(collection, point)))
  },
  delete: (collection, body) => collection.remove(selectIds(collection, body)),
  set_payload(collection, body) {
    const source = toObject(required(body, 'payload'), 'a payload')
    const key = field(body, 'key')
    const path = key === undefined ? [] : parsePath(toText(key, 'payload key'))
    return rewrite(collection, body, payload => merge(payload, source, path))
  },
  overwrite_payload(collection, body) {
    const source = toObject(required(body, 'payload'), 'a payload')
    if (field(body, 'key') !== undefined) throw notServed('overwriting a payload under a "key"')
    return rewrite(collection, body, () => source)
  },
  delete_payload(collection, body) {
    const paths = toArray(required(body, 'keys'), 'list of payload keys').map(key =>
      parsePath(toText(key, 'payload key')),
    )
    return rewrite(collection, body, payload => paths.reduce(without, payload))
  },
  clear_payload: (collection, body) => rewrite(collection, body, () => ({})),
  update_vectors(collection, body) {
    refuseConditional(body)
    const drafts = toArray(required(body, 'points'), 'list of points').map(value => {
      const point = toObject(value, 'struct PointVectors')
      const id = parsePointId(required(point, 'id'))
      const { payload } = existing(collection, id)
      return { id, payload, vector: parsePointVector(required(point, 'vector'), collection) }
    })
    return collection.write(drafts)
  },
  delete_vectors(collection, body) {
    const names = toArray(required(body, 'vector'), 'list of vector names')
    const drafts = selectIds(collection, body).map(id => ({
      id,
      payload: existing(collection, id).payload,
      ...(names.includes('') ? { vector: null } : {}),
    }))
    return collection.write(drafts)
  },
}

function rewrite(
  collection: Collection,
  body: JsonObject,
  apply: (payload: JsonObject) => JsonObject,
): number {
  const drafts = selectIds(collection, body).map(id => ({
    id,
    payload: apply(existing(collection, id).payload),
  }))
  return collection.write(drafts)
}

/** The points that `points` lists or `filter` finds; a bare list is taken too. */
function selectIds(collection: Collection, body: JsonObject): PointId[] {
  const points = field(body, 'points')
  if (points !== undefined) return toArray(points, 'list of point ids').map(parsePointId)
  const filter = field(body, 'filter')
  if (filter === undefined) {
    throw formatError('data did not match any variant of untagged enum PointsSelector')
  }
  return collection.matching(parseFilter(filter, collection.textIndexes)).map(({ id }) => id)
}

function existing({ table }: Collection, id: PointId): { payload: JsonObject } {
  const entry = entryOf(table, id)
  if (entry) return entry
  throw notFound(`No point with id ${id} found`)
}

/** Points as a list, or as columns under `batch`. */
function toPoints(body: JsonObject): JsonObject[] {
  const points = field(body, 'points')
  if (points !== undefined) {
    return toArray(points, 'list of points').map(point => toObject(point, 'struct PointStruct'))
  }
  const batch = field(body, 'batch')
  if (batch === undefined) {
    throw formatError('data did not match any variant of untagged enum PointInsertOperations')
  }
  const columns = toObject(batch, 'struct Batch')
  const ids = toArray(required(columns, 'ids'), 'list of point ids')
  const vectors = toArray(required(columns, 'vectors'), 'list of vectors')
  const payloads = toArray(field(columns, 'payloads') ?? [], 'list of payloads')
  if (vectors.length !== ids.length || (payloads.length > 0 && payloads.length !== ids.length)) {
    throw formatError(
      `number of ids, vectors and payloads must be equal, got ${ids.length}, ${vectors.length} and ${payloads.length}`,
    )
  }
  return ids.map((id, at) => ({ id, vector: vectors[at] ?? null, payload: payloads[at] ?? null }))
}

function toDraft(collection: Collection, point: JsonObject): Draft {
  const id = parsePointId(required(point, 'id'))
  const vector = parsePointVector(required(point, 'vector'), collection)
  const payload: Json = field(point, 'payload') ?? {}
  return { id, vector, payload: toObject(payload, 'a payload') }
}

function refuseConditional(body: JsonObject): void {
  for (const name of ['update_filter', 'update_mode']) {
    if (field(body, name) !== undefined) throw notServed(`a conditional update ("${name}")`)
  }
}
