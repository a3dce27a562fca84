/** The vector index: Qdrant's collection `memories`, made from Postgres and never trusted over it. */
import { embed } from '../../shared/contracts/inference.ts'
import { AppError } from '../../shared/errors.ts'
import { ensureIndexes, MEMORIES } from '../../shared/vector-collections.ts'
import type { MemoryDeps } from './settings.ts'

/** A vector and the model that made it: vectors of two models cannot be compared. */
export interface Embedding {
  model: string
  vector: number[]
}

/** A memory that is near, by cosine. */
export interface Neighbour {
  id: string
  score: number
}

const { name: COLLECTION, distance } = MEMORIES

/** Embeds `texts` in their order, as the function itself: a reader needs no right to run models. */
export async function embedTexts(
  deps: MemoryDeps,
  texts: string[],
  timeoutMs: number,
): Promise<Embedding[]> {
  if (texts.length === 0) return []
  const { model, embeddings } = await deps.call(
    embed,
    { input: texts },
    {
      timeoutMs,
      principal: { sub: deps.service, kind: 'service', service: deps.service, permissions: [] },
    },
  )
  if (embeddings.length !== texts.length) {
    throw new AppError(
      'upstream_error',
      `inference answered ${embeddings.length} embeddings of ${texts.length}`,
    )
  }
  return embeddings.map(vector => ({ model, vector }))
}

/** The memories of a user that are nearest to `embedding`, of the same model, none that was superseded unless wanted. */
export async function nearest(
  deps: MemoryDeps,
  userId: string,
  { model, vector }: Embedding,
  { limit, superseded = false }: { limit: number; superseded?: boolean },
): Promise<Neighbour[]> {
  const query = () =>
    deps.vectors.query(COLLECTION, {
      query: vector,
      limit,
      with_payload: false,
      filter: {
        must: [
          { key: 'user_id', match: { value: userId } },
          { key: 'model', match: { value: model } },
          ...(superseded ? [] : [{ key: 'superseded', match: { value: false } }]),
        ],
      },
    })
  // A cold start asks at once; only a refusal is a reason to look at the collection first.
  const { points } = await query().catch(() => inCollection(deps, vector.length, query))
  return points.map(({ id, score }) => ({ id: String(id), score: Math.min(1, Math.max(0, score)) }))
}

/**
 * Runs `task` on the collection, which is made when it is missing.
 * @throws {@link AppError} `dependency_unavailable` when it holds vectors of another size
 */
export async function inCollection<T>(
  deps: MemoryDeps,
  size: number,
  task: () => Promise<T>,
): Promise<T> {
  const { vectors } = deps
  if (checked.get(vectors) !== size) {
    const { exists } = await vectors.collectionExists(COLLECTION)
    if (exists) await assertSize(deps, size)
    else await createCollection(deps, size)
    checked.set(vectors, size)
  }
  try {
    return await task()
  } catch (error) {
    // It may have been dropped or made anew: look again before the next task.
    checked.delete(vectors)
    throw error
  }
}

/** Sizes that were compared, by client. */
const checked = new WeakMap<object, number>()

async function assertSize({ vectors }: MemoryDeps, size: number): Promise<void> {
  const { config } = await vectors.getCollection(COLLECTION)
  const { vectors: params } = config.params
  const found = params && 'size' in params ? params.size : 'named vectors'
  if (found === size) return
  throw new AppError(
    'dependency_unavailable',
    `the collection "${COLLECTION}" must hold vectors of size ${size} as the embedding model makes them, got ${found}`,
    { details: { dependency: 'vectors', expected: size } },
  )
}

async function createCollection({ vectors }: MemoryDeps, size: number): Promise<void> {
  try {
    await vectors.createCollection(COLLECTION, { vectors: { size, distance } })
  } catch (error) {
    // Another instance may have been faster.
    if (!(await vectors.collectionExists(COLLECTION)).exists) throw error
  }
  await ensureIndexes(vectors, MEMORIES)
}
