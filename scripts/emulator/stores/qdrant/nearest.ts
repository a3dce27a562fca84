/** The nearest points: by scan while there are few, through the graph when there are many. */
import type { Collection } from './collection.ts'
import type { Check } from './filter.ts'
import type { Scored } from './fusion.ts'
import { comparePointIds } from './point-id.ts'

/** A search for neighbours. */
export interface NearestRequest {
  vector: Float32Array
  limit: number
  check?: Check | undefined
  scoreThreshold?: number | undefined
  /** Scan, whatever the size. */
  exact?: boolean
}

/** Points nearest first. With a graph the order is right and a far neighbour may be missed; without, all is exact. */
export function findNearest(collection: Collection, request: NearestRequest): Scored[] {
  const { vector, limit, check, exact = false } = request
  const positions = check ? passing(collection, check) : undefined
  const through = exact ? undefined : throughGraph(collection, request, positions)
  return through ?? rank(collection, vector, positions ?? all(collection), limit, request)
}

/** Gives nothing when a scan is needed: no graph, few points to look at, or the graph found too few. */
function throughGraph(
  collection: Collection,
  request: NearestRequest,
  passed: number[] | undefined,
): Scored[] | undefined {
  const { table, indexer } = collection
  const { vector, limit } = request
  const total = table.entries.length
  const eligible = passed?.length ?? total
  if (indexer.indexed() === 0 || eligible <= SCAN_MAX || limit >= eligible) return undefined
  const wanted = Math.ceil((limit * total * OVERFETCH) / eligible) + MARGIN
  if (wanted > FETCH_MAX) return undefined
  const allowed = passed && new Set(passed)
  const positions = new Set<number>()
  for (const slot of indexer.search(vector, wanted) ?? []) {
    const position = table.bySlot(slot)
    if (position !== undefined && (!allowed || allowed.has(position))) positions.add(position)
  }
  if (positions.size < limit) return undefined
  for (const slot of indexer.pending()) {
    const position = table.bySlot(slot)
    if (position !== undefined && (!allowed || allowed.has(position))) positions.add(position)
  }
  return rank(collection, vector, positions, limit, request)
}

function rank(
  { table, metric }: Collection,
  vector: Float32Array,
  positions: Iterable<number>,
  limit: number,
  { scoreThreshold }: { scoreThreshold?: number | undefined },
): Scored[] {
  const { largerIsBetter, score } = metric
  const sign = largerIsBetter ? 1 : -1
  const vectors = table.vectors()
  const floor = scoreThreshold === undefined ? -Infinity : scoreThreshold * sign
  const found: { value: number; position: number }[] = []
  // Kept: everything better than the worst of the last cut; cut again when twice the limit is reached.
  let bar = floor
  const better = (a: { value: number; position: number }, b: typeof a): number => {
    if (a.value !== b.value) return b.value - a.value
    const [left, right] = [table.entries[a.position], table.entries[b.position]]
    return left && right ? comparePointIds(left.id, right.id) : 0
  }
  for (const position of positions) {
    if (!table.entries[position]?.hasVector) continue
    const value = score(vector, vectors, position * vector.length) * sign
    // The threshold itself does not pass (qdrant `check_threshold`), a tie with the worst one does.
    if (value < bar || (value === floor && scoreThreshold !== undefined)) continue
    found.push({ value, position })
    if (found.length < limit * 2 + CUT_MARGIN) continue
    found.sort(better)
    found.length = limit
    bar = found[limit - 1]?.value ?? floor
  }
  found.sort(better)
  return found.slice(0, limit).flatMap(({ value, position }) => {
    const entry = table.entries[position]
    return entry ? [{ id: entry.id, score: value * sign }] : []
  })
}

function passing({ table }: Collection, check: Check): number[] {
  const positions: number[] = []
  table.entries.forEach((entry, position) => {
    if (check(entry)) positions.push(position)
  })
  return positions
}

function* all({ table }: Collection): Generator<number> {
  for (let position = 0; position < table.entries.length; position++) yield position
}

/** Up to this many candidates a scan is as fast as the graph, and exact. */
const SCAN_MAX = 2_000
const OVERFETCH = 1.5
const MARGIN = 16
/** Beyond this the graph is slower than a scan. */
const FETCH_MAX = 1_000
const CUT_MARGIN = 64
