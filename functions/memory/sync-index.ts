/** Brings the vector index up to the rows of Postgres that it does not reflect yet. */
import { MEMORIES } from '../../shared/vector-collections.ts'
import type { MemoryDeps } from './settings.ts'
import { type Embedding, embedTexts, inCollection } from './vector-index.ts'

interface PendingRow {
  id: string
  user_id: string
  kind: string
  text: string
  revision: number
  index_attempts: number
  superseded: boolean
  forgotten: boolean
  recorded_at: Date
  /** Nobody else takes the row until then; it also tells one claim from another. */
  index_claimed_until: Date
}

/** How many rows are embedded at once. */
const BATCH = 32
/** How many batches one request takes along. */
const MAX_ROUNDS = 8
/** What a claim outlives the time of its request by; a process that dies leaves its rows waiting this much longer. */
const CLAIM_MARGIN_MS = 15_000

/**
 * Indexes what waits, whoever left it. A failure is logged and counted: the rows stay, words find them until then, and
 * the next request that writes tries again, those that failed least first.
 */
export async function syncIndex(
  deps: MemoryDeps,
  { timeoutMs = deps.config.EXTRACT_TIMEOUT_MS }: { timeoutMs?: number } = {},
): Promise<void> {
  const until = performance.now() + timeoutMs
  for (let round = 0; round < MAX_ROUNDS && performance.now() < until; round++) {
    const leftMs = Math.max(1, Math.ceil(until - performance.now()))
    const rows = await claimRows(deps, leftMs + CLAIM_MARGIN_MS)
    if (rows.length === 0) return
    try {
      await indexRows(deps, rows, leftMs)
    } catch (error) {
      deps.log.warn(`${rows.length} memories wait for the vector index`, { error })
      await deps.sql`
        update memory.memories set index_attempts = index_attempts + 1, index_claimed_until = null
        where id in ${deps.sql(rows.map(({ id }) => id))}
          and index_claimed_until = ${claimOf(rows)}`
      return
    }
  }
}

/**
 * Takes rows that nobody else is working on. The more often rows failed, the fewer go together, so that one that can
 * never be indexed ends up alone.
 */
async function claimRows({ sql }: MemoryDeps, claimMs: number): Promise<PendingRow[]> {
  return sql<PendingRow[]>`
    with waiting as (
      select id, index_attempts, recorded_at from memory.memories
      where indexed_revision < revision
        and (index_claimed_until is null or index_claimed_until < clock_timestamp())
      order by index_attempts, recorded_at
      limit ${BATCH}
      for update skip locked
    ), ranked as (
      select id, row_number() over (order by index_attempts, recorded_at) as place,
        greatest(1, ${BATCH}::int >> least(30, min(index_attempts) over ())) as batch
      from waiting
    )
    update memory.memories
    set index_claimed_until = now() + make_interval(secs => ${claimMs / 1000})
    where id in (select id from ranked where place <= batch)
    returning id, user_id, kind, text, revision, recorded_at, index_claimed_until,
      retired_at is not null as superseded, forgotten_at is not null as forgotten`
}

async function indexRows(deps: MemoryDeps, rows: PendingRow[], timeoutMs: number): Promise<void> {
  const fresh = rows.filter(({ forgotten }) => !forgotten)
  const texts = fresh.map(({ text }) => text)
  const embeddings = await embedTexts(deps, texts, timeoutMs)
  const byId = new Map(fresh.map(({ id }, index) => [id, embeddings[index]]))
  const store = () => write(deps, rows, byId)
  const size = embeddings[0]?.vector.length
  await (size === undefined ? store() : inCollection(deps, size, store))
  await settle(deps, rows)
}

async function write(
  { vectors }: MemoryDeps,
  rows: PendingRow[],
  embeddings: Map<string, Embedding | undefined>,
): Promise<void> {
  const points = rows.flatMap(row => {
    const embedding = embeddings.get(row.id)
    return embedding ? [toPoint(row, embedding)] : []
  })
  const gone = rows.flatMap(({ id, forgotten }) => (forgotten ? [id] : []))
  if (points.length > 0) await vectors.upsert(MEMORIES.name, { wait: true, points })
  if (gone.length > 0 && (await vectors.collectionExists(MEMORIES.name)).exists) {
    await vectors.delete(MEMORIES.name, { wait: true, points: gone })
  }
}

/**
 * Gives the rows back. One that changed meanwhile goes on waiting; one whose claim ran out may have been written by
 * another in a newer state, over which ours now lies, so it is written once more.
 */
async function settle(deps: MemoryDeps, rows: PendingRow[]): Promise<void> {
  const { sql } = deps
  const seen = sql.json(rows.map(({ id, revision }) => ({ id, revision })))
  const settled = await sql<{ id: string }[]>`
    update memory.memories m
    set indexed_revision = greatest(m.indexed_revision, seen.revision), index_attempts = 0,
      index_claimed_until = null
    from jsonb_to_recordset(${seen}) as seen (id uuid, revision integer)
    where m.id = seen.id and m.index_claimed_until = ${claimOf(rows)}
    returning m.id`
  const held = new Set(settled.map(({ id }) => id))
  const lost = rows.flatMap(({ id }) => (held.has(id) ? [] : [id]))
  if (lost.length === 0) return
  await sql`
    update memory.memories set indexed_revision = 0, index_claimed_until = null
    where id in ${sql(lost)}`
}

/** Rows that were taken together were taken until the same moment. */
const claimOf = ([row]: PendingRow[]): Date | null => row?.index_claimed_until ?? null

const toPoint = (row: PendingRow, { model, vector }: Embedding) => ({
  id: row.id,
  vector,
  payload: {
    user_id: row.user_id,
    kind: row.kind,
    superseded: row.superseded,
    created: row.recorded_at.toISOString(),
    model,
  },
})
