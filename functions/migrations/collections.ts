/** Makes the vector collections of the platform when they are missing. */
import type { Vectors } from '../../shared/clients/vectors.ts'
import { AppError } from '../../shared/errors.ts'
import { COLLECTIONS, type Collection, ensureIndexes } from '../../shared/vector-collections.ts'

/**
 * Makes what is missing, and the indexes of what is there: harmless when repeated.
 * @throws {@link AppError} `conflict` when a collection has another size or distance
 */
export async function ensureCollections(
  vectors: Vectors,
  collections: readonly Collection[] = COLLECTIONS,
): Promise<{ created: string[]; existing: string[] }> {
  const created: string[] = []
  const existing: string[] = []
  for (const collection of collections) {
    const isNew = await reach(() => ensure(vectors, collection))
    ;(isNew ? created : existing).push(collection.name)
  }
  return { created, existing }
}

async function ensure(vectors: Vectors, collection: Collection): Promise<boolean> {
  const { name, size, distance } = collection
  const { exists } = await vectors.collectionExists(name)
  if (exists) assertSame(collection, (await vectors.getCollection(name)).config.params.vectors)
  else await vectors.createCollection(name, { vectors: { size, distance } })
  await ensureIndexes(vectors, collection)
  return !exists
}

function assertSame({ name, size, distance }: Collection, found: unknown): void {
  const { size: foundSize, distance: foundDistance } = (found ?? {}) as Partial<Collection>
  if (foundSize === size && foundDistance === distance) return
  throw new AppError(
    'conflict',
    `the collection "${name}" must have vectors of ${size} dimensions (${distance}), got ${foundSize} (${foundDistance}); move its points to a new collection or remove it`,
  )
}

async function reach<T>(task: () => Promise<T>): Promise<T> {
  try {
    return await task()
  } catch (cause) {
    if (cause instanceof AppError) throw cause
    throw new AppError('dependency_unavailable', 'the vector store did not do what was asked', {
      cause,
      details: { dependency: 'vectors' },
    })
  }
}
