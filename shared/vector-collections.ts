/** The vector collections of the platform: one definition for who makes them and who uses them. */
import type { Vectors } from './clients/vectors.ts'

/** What a collection must be like. One of another size would hold vectors of another model: never mixed. */
export interface Collection {
  name: string
  /** Of the default embedding model; whoever has another model's vectors at hand says their size. */
  size: number
  distance: 'Cosine'
  /** Fields that searches filter by. `tenant` keeps the points of one value together. */
  indexes: readonly { field: string; type: 'keyword' | 'bool'; tenant?: boolean }[]
}

/** The memories of all users; the point of a memory has the memory's id. */
export const MEMORIES: Collection = {
  name: 'memories',
  size: 768,
  distance: 'Cosine',
  indexes: [
    { field: 'user_id', type: 'keyword', tenant: true },
    { field: 'kind', type: 'keyword' },
    { field: 'superseded', type: 'bool' },
  ],
}

/** Every collection. */
export const COLLECTIONS: readonly Collection[] = [MEMORIES]

/** Makes the indexes of a collection that is there: harmless when repeated. */
export async function ensureIndexes(
  vectors: Vectors,
  { name, indexes }: Collection,
): Promise<void> {
  for (const { field, type, tenant } of indexes) {
    await vectors.createPayloadIndex(name, {
      field_name: field,
      field_schema: tenant ? { type: 'keyword', is_tenant: true } : type,
      wait: true,
    })
  }
}
