/** Brings the vector index up to the rows of Postgres that it does not reflect yet. */
import type { Transaction } from '../../shared/clients/sql.ts'
import type { MemoryDeps } from './settings.ts'
import { COLLECTION, type Embedding, embedTexts, inCollection } from './vector-index.ts'

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
}

/** How many rows are embedded at once. */
const BATCH = 32
/** How many batches one request takes along. */
const MAX_ROUNDS = 8

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
    const rows = await pendingRows(deps)
    if (rows.length === 0) return
    try {
      await indexRows(deps, rows, Math.max(1, Math.ceil(until - performance.now())))
    } catch (error) {
      deps.log.warn(`${rows.length} memories wait for the vector index`, { error })
      const ids = rows.map(({ id }) => id)
      await deps.sql`
        update memory.memories set index_attempts = index_attempts + 1 where id in ${deps.sql(ids)}`
      return
    }
  }
}

/** The more often rows failed, the fewer go together, so that one that can never be indexed ends up alone. */
async function pendingRows({ sql }: MemoryDeps): Promise<PendingRow[]> {
  const rows = await sql<PendingRow[]>`
    select id, user_id, kind, text, revision, recorded_at, index_attempts,
      retired_at is not null as superseded, forgotten_at is not null as forgotten
    from memory.memories
    where indexed_revision < revision
    order by index_attempts, recorded_at
    limit ${BATCH}`
  return rows.slice(0, Math.max(1, BATCH >> Math.min(30, rows[0]?.index_attempts ?? 0)))
}

async function indexRows(deps: MemoryDeps, rows: PendingRow[], timeoutMs: number): Promise<void> {
  const fresh = rows.filter(({ forgotten }) => !forgotten)
  const texts = fresh.map(({ text }) => text)
  const embeddings = await embedTexts(deps, texts, timeoutMs)
  const byId = new Map(fresh.map(({ id }, index) => [id, embeddings[index]]))
  const store = () => deps.sql.begin(tx => write(deps, tx, rows, byId))
  const size = embeddings[0]?.vector.length
  await (size === undefined ? store() : inCollection(deps, size, store))
}

/** Writes under the rows' locks, so that an older state can never overwrite a newer one in the index. */
async function write(
  { vectors }: MemoryDeps,
  tx: Transaction,
  rows: PendingRow[],
  embeddings: Map<string, Embedding | undefined>,
): Promise<void> {
  const locked = await tx<{ id: string; revision: number }[]>`
    select id, revision from memory.memories
    where id in ${tx(rows.map(({ id }) => id))} and indexed_revision < revision
    order by id
    for update`
  const current = new Map(locked.map(({ id, revision }) => [id, revision]))
  const valid = rows.filter(({ id, revision }) => current.get(id) === revision)
  const points = valid.flatMap(row => {
    const embedding = embeddings.get(row.id)
    return embedding ? [toPoint(row, embedding)] : []
  })
  const gone = valid.flatMap(({ id, forgotten }) => (forgotten ? [id] : []))
  if (points.length > 0) await vectors.upsert(COLLECTION, { wait: true, points })
  if (gone.length > 0 && (await vectors.collectionExists(COLLECTION)).exists) {
    await vectors.delete(COLLECTION, { wait: true, points: gone })
  }
  if (valid.length === 0) return
  await tx`
    update memory.memories set indexed_revision = revision, index_attempts = 0
    where id in ${tx(valid.map(({ id }) => id))}`
}

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
