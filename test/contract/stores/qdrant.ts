/** What every vector store must do for the unmodified `@qdrant/js-client-rest` client, embedded or real. */
import { collectionContract } from './qdrant-collections.ts'
import { filterContract } from './qdrant-filters.ts'
import { payloadContract } from './qdrant-payload.ts'
import { pointContract } from './qdrant-points.ts'
import { searchContract } from './qdrant-search.ts'
import type { QdrantAccess } from './qdrant-store.ts'
import type { Target } from './target.ts'

/** Runs every suite against `target`. */
export function qdrantContract(target: Target<QdrantAccess>): void {
  collectionContract(target)
  pointContract(target)
  payloadContract(target)
  searchContract(target)
  filterContract(target)
}
