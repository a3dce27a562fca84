/** The universal query: nearest neighbours, fusion of prefetches, rescoring, or plain listing. */
import type { Collection } from './collection.ts'
import { formatError, notFound, notServed, wrongInput } from './error.ts'
import { type Check, parseFilter } from './filter.ts'
import { fuseRanks, fuseScores, type Scored } from './fusion.ts'
import {
  field,
  isObject,
  type Json,
  type JsonObject,
  optionalInteger,
  optionalNumber,
  toArray,
  toObject,
} from './json.ts'
import { findNearest } from './nearest.ts'
import { type PointId, parsePointId } from './point-id.ts'
import { listPoints } from './scroll.ts'
import { parseQueryVector } from './vector.ts'

/** Carries a query out; `outer` is the filter of the query that this one is a prefetch of. */
export function runQuery(collection: Collection, request: JsonObject, outer?: Check): Scored[] {
  for (const name of ['lookup_from', 'shard_key']) {
    if (field(request, name) !== undefined) throw notServed(`"${name}"`)
  }
  const using = field(request, 'using')
  if (using !== undefined && using !== '')
    throw wrongInput(`Not existing vector name error: ${using}`)
  const own = parseFilter(field(request, 'filter'), collection.textIndexes)
  const check = own && outer ? both(own, outer) : (own ?? outer)
  const offset = optionalInteger(request, 'offset', { fallback: 0, minimum: 0 })
  const limit = optionalInteger(request, 'limit', { fallback: DEFAULT_LIMIT, minimum: 1 })
  const scoreThreshold = optionalNumber(request, 'score_threshold')
  const prefetches = toPrefetches(field(request, 'prefetch'))
  const lists = prefetches.map(prefetch => runQuery(collection, prefetch, check))
  const query = field(request, 'query')
  const amount = limit + offset
  const run = { collection, request, check, lists, limit: amount, scoreThreshold }
  return (query === undefined ? list(run) : interpret(query, run)).slice(offset, amount)
}

interface Run {
  collection: Collection
  request: JsonObject
  check: Check | undefined
  lists: Scored[][]
  limit: number
  scoreThreshold: number | undefined
}

function interpret(query: Json, run: Run): Scored[] {
  if (!isObject(query)) return nearest(query, run)
  const kind = Object.keys(KINDS).find(name => Object.hasOwn(query, name))
  const apply = kind === undefined ? undefined : KINDS[kind]
  if (apply) return apply(query, run)
  const [name = 'empty'] = Object.keys(query)
  throw notServed(`the query "${name}"`)
}

const KINDS: Record<string, (query: JsonObject, run: Run) => Scored[]> = {
  nearest(query, run) {
    if (field(query, 'mmr') !== undefined) throw notServed('the query "mmr"')
    return nearest(query.nearest ?? null, run)
  },
  fusion({ fusion }, run) {
    if (fusion === 'rrf') return fused(run, fuseRanks)
    if (fusion === 'dbsf') return fused(run, fuseScores)
    throw formatError(`unknown variant \`${fusion}\`, expected \`rrf\` or \`dbsf\``)
  },
  rrf({ rrf }, run) {
    const settings = toObject(rrf, 'struct Rrf')
    const k = optionalInteger(settings, 'k', { fallback: 2, minimum: 1 })
    const weights = field(settings, 'weights')
    if (weights === undefined) return fused(run, lists => fuseRanks(lists, { k }))
    const numbers = toArray(weights, 'list of weights').map(Number)
    return fused(run, lists => fuseRanks(lists, { k, weights: numbers }))
  },
  order_by({ order_by: orderBy }, run) {
    const ids = listPoints(run.collection, { check: run.check, orderBy, limit: run.limit })
    return ids.map(({ entry }) => ({ id: entry.id, score: 0 }))
  },
}

function fused(
  { lists, limit, scoreThreshold }: Run,
  fuse: (lists: Scored[][]) => Scored[],
): Scored[] {
  if (lists.length === 0) throw wrongInput('Fusion queries must be combined with prefetches')
  return fuse(lists)
    .filter(({ score }) => scoreThreshold === undefined || score >= scoreThreshold)
    .slice(0, limit)
}

/** With prefetches it scores what they found, without them the whole collection. */
function nearest(target: Json, run: Run): Scored[] {
  const { collection, request, lists, limit, scoreThreshold } = run
  const params = field(request, 'params')
  const byId = typeof target === 'number' || typeof target === 'string'
  const self = byId ? parsePointId(target) : undefined
  const vector =
    self === undefined ? parseQueryVector(target, collection) : vectorOf(collection, self)
  const checks: Check[] = run.check ? [run.check] : []
  if (self !== undefined) checks.push(({ id }) => id !== self)
  if (lists.length > 0) {
    const found = new Set<PointId>(lists.flatMap(scored => scored.map(({ id }) => id)))
    checks.push(({ id }) => id !== undefined && found.has(id))
  }
  return findNearest(collection, {
    vector,
    limit,
    scoreThreshold,
    check: checks.length === 0 ? undefined : point => checks.every(check => check(point)),
    exact: isObject(params) && params.exact === true,
  })
}

function vectorOf({ table }: Collection, id: PointId): Float32Array {
  const position = table.byId(id)
  if (position === undefined) throw notFound(`No point with id ${id} found`)
  const vector = table.vectorAt(position)
  if (!vector) throw wrongInput(`Point ${id} does not have the required vector`)
  return vector.slice()
}

function list({ collection, check, lists, limit }: Run): Scored[] {
  if (lists.length > 0) {
    throw wrongInput(
      "A query is needed to merge the prefetches. Can't have prefetches without defining a query.",
    )
  }
  return listPoints(collection, { check, limit }).map(({ entry }) => ({ id: entry.id, score: 0 }))
}

function toPrefetches(value: Json | undefined): JsonObject[] {
  if (value === undefined) return []
  const list = Array.isArray(value) ? value : [value]
  return list.map(prefetch => toObject(prefetch, 'struct Prefetch'))
}

const both =
  (one: Check, other: Check): Check =>
  point =>
    one(point) && other(point)

const DEFAULT_LIMIT = 10
