/** Lists points page by page: by id, or by the values of a payload field that has a range index. */
import type { Collection } from './collection.ts'
import { entryOf } from './collection.ts'
import { formatError, wrongInput } from './error.ts'
import type { Check } from './filter.ts'
import { field, type Json, required, toObject, toText } from './json.ts'
import { parsePath, valuesAt } from './payload.ts'
import { comparePointIds, type PointId } from './point-id.ts'
import { parseDate } from './range.ts'
import type { Entry } from './table.ts'

/** A point of a listing, and the value it was ordered by. */
export interface Listed {
  entry: Entry
  orderValue?: number
}

/** What to list. */
export interface ListRequest {
  check?: Check | undefined
  /** The first id of the page. */
  from?: PointId | undefined
  orderBy?: Json | undefined
  limit: number
}

/** Points in order, at most `limit`. */
export function listPoints(collection: Collection, request: ListRequest): Listed[] {
  const { check, from, orderBy, limit } = request
  if (orderBy !== undefined) return ordered(collection, { check, orderBy, limit })
  const page: Listed[] = []
  const { table } = collection
  for (const id of table.sortedIds()) {
    if (page.length >= limit) break
    if (from !== undefined && comparePointIds(id, from) < 0) continue
    const entry = entryOf(table, id)
    if (entry && (!check || check(entry))) page.push({ entry })
  }
  return page
}

/** A point with several values is listed once for each of them, as in Qdrant. */
function ordered(collection: Collection, { check, orderBy, limit }: ListRequest): Listed[] {
  const settings =
    typeof orderBy === 'string' ? { key: orderBy } : toObject(orderBy, 'struct OrderBy')
  const key = toText(required(settings, 'key'), 'payload key')
  const indexes = collection.definition().payloadIndexes
  const type = Object.hasOwn(indexes, key) ? indexes[key]?.type : undefined
  if (typeof type !== 'string' || !ORDERED_TYPES.includes(type)) {
    throw wrongInput(
      `No range index for \`order_by\` key: \`${key}\`. Please create one to use \`order_by\`. Check https://qdrant.tech/documentation/concepts/indexing/#payload-index to see which payload schemas support Range conditions`,
    )
  }
  const direction = field(settings, 'direction') ?? 'asc'
  if (direction !== 'asc' && direction !== 'desc') {
    throw formatError(`unknown variant \`${direction}\`, expected \`asc\` or \`desc\``)
  }
  const sign = direction === 'asc' ? 1 : -1
  const read = (value: Json): number | undefined =>
    type === 'datetime' ? parseDate(value) : typeof value === 'number' ? value : undefined
  const start = field(settings, 'start_from')
  const bound = start === undefined ? undefined : (parseDate(start) ?? start)
  const path = parsePath(key)
  return collection
    .matching(check)
    .flatMap(entry =>
      valuesAt(entry.payload, path)
        .flat()
        .flatMap(value => {
          const orderValue = read(value)
          return orderValue === undefined ? [] : [{ entry, orderValue }]
        }),
    )
    .filter(({ orderValue }) => typeof bound !== 'number' || orderValue * sign >= bound * sign)
    .sort(
      (a, b) =>
        (a.orderValue - b.orderValue) * sign || comparePointIds(a.entry.id, b.entry.id) * sign,
    )
    .slice(0, limit)
}

const ORDERED_TYPES = ['integer', 'float', 'datetime']
