/** The vector collections of the platform, made when they are missing. */
import type { Vectors } from '../../shared/clients/vectors.ts'
import { AppError } from '../../shared/errors.ts'

/** What a collection must be like. One of another size would hold vectors of another model: never mixed. */
export interface Collection {
  name: string
  size: number
  distance: 'Cosine'
  /** Fields that searches filter by. `tenant` keeps the points of one value together. */
  indexes: readonly { field: string; type: 'keyword' | 'bool'; tenant?: boolean }[]
}

/** Every collection. */
export const COLLECTIONS: readonly Collection[] = [
  {
    name: 'memories',
    size: 768,
    distance: 'Cosine',
    indexes: [
      { field: 'user_id', type: 'keyword', tenant: true },
      { field: 'kind', type: 'keyword' },
      { field: 'superseded', type: 'bool' },
    ],
  },
]

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
  const { name, size, distance, indexes } = collection
  const { exists } = await vectors.collectionExists(name)
  if (exists) assertSame(collection, (await vectors.getCollection(name)).config.params.vectors)
  else await vectors.createCollection(name, { vectors: { size, distance } })
  for (const { field, type, tenant } of indexes) {
    await vectors.createPayloadIndex(name, {
      field_name: field,
      field_schema: tenant ? { type: 'keyword', is_tenant: true } : type,
      wait: true,
    })
  }
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
