/** Finds memories by meaning and by words; no model writes or judges on this path. */
import type { MemoryHit, RecallInput, RecallResult } from '../../shared/contracts/memory.ts'
import { type Found, rank } from './rank.ts'
import { MEMORY_COLUMNS } from './row.ts'
import type { MemoryDeps } from './settings.ts'
import { embedTexts, type Neighbour, nearest } from './vector-index.ts'
import { respell } from './words.ts'

/** Candidates for each wanted hit, from either side. */
const OVERFETCH = 4
const MIN_CANDIDATES = 40
/** A question of more distinct stems than this is cut: each costs an index scan. */
const MAX_STEMS = 64

/** The best hits first. Without vectors, words alone decide; the answer then has `vector: 0` throughout. */
export async function recall(
  deps: MemoryDeps,
  userId: string,
  { query, limit, threshold, include_superseded }: RecallInput,
): Promise<RecallResult> {
  const begun = performance.now()
  const candidates = Math.max(MIN_CANDIDATES, OVERFETCH * limit)
  // Words first: after a cold start the way to Postgres is the longer one, and opens meanwhile.
  const [stems, near] = await Promise.all([
    stemsOf(deps, query),
    byMeaning(deps, userId, query, candidates, include_superseded),
  ])
  const rows = await find(deps, userId, {
    stems,
    ids: (near ?? []).map(({ id }) => id),
    limit: candidates,
    superseded: include_superseded,
  })
  const results: MemoryHit[] = rank(rows, { stems, near, now: deps.clock.now() })
    .filter(({ score }) => score > 0 && score >= threshold)
    .slice(0, limit)
  return { results, processing_time_ms: Math.round(performance.now() - begun) }
}

async function byMeaning(
  deps: MemoryDeps,
  userId: string,
  query: string,
  limit: number,
  superseded: boolean,
): Promise<Neighbour[] | undefined> {
  try {
    const [embedding] = await embedTexts(deps, [query], deps.config.EMBED_TIMEOUT_MS)
    return embedding && (await nearest(deps, userId, embedding, { limit, superseded }))
  } catch (error) {
    deps.log.warn('memories are searched by words alone', { error })
    return undefined
  }
}

async function stemsOf({ sql }: MemoryDeps, query: string): Promise<string[]> {
  // `execute`, for a query begins when it is awaited, which is a turn later.
  const [row] = await sql<{ stems: string[] }[]>`
    select coalesce(jsonb_agg(lexeme), '[]') as stems
    from unnest(to_tsvector('english'::regconfig, ${respell(query)}))`.execute()
  return (row?.stems ?? []).slice(0, MAX_STEMS)
}

/** Postgres is the truth: what the index names and it does not, or of another user, is no candidate. */
async function find(
  { sql }: MemoryDeps,
  userId: string,
  {
    stems,
    ids,
    limit,
    superseded,
  }: { stems: string[]; ids: string[]; limit: number; superseded: boolean },
): Promise<Found[]> {
  if (stems.length === 0 && ids.length === 0) return []
  const words = stems.map(quoteStem).join(' | ')
  // The helper `sql(columns)` would take the `in (…)` before it for its own keyword. No word of a caller is in here.
  const columns = sql.unsafe(MEMORY_COLUMNS.join(', '))
  const scope = sql`
    user_id = ${userId} and forgotten_at is null
    ${superseded ? sql`` : sql`and retired_at is null`}`
  return sql<Found[]>`
    with candidate as (
      (select ${columns}, search from memory.memories
        where ${scope} and search @@ ${words}::tsquery
        order by ts_rank(search, ${words}::tsquery) desc, recorded_at desc
        limit ${limit})
      ${ids.length === 0 ? sql`` : sql`union all select ${columns}, search from memory.memories where ${scope} and id in ${sql(ids)}`}
    )
    select distinct on (id) ${columns},
      (select coalesce(jsonb_agg(stem), '[]')
        from jsonb_array_elements_text(${sql.json(stems)}) stem
        where stem = any (tsvector_to_array(search))) as matched
    from candidate
    order by id`
}

/** A quoted operand of `tsquery`, so that no character of the question is an operator. */
const quoteStem = (stem: string): string =>
  `'${stem.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
