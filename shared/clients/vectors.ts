/** The vector client of a function. */
import { QdrantClient } from '@qdrant/js-client-rest'

/** Qdrant's REST client. */
export type Vectors = QdrantClient

/** Opens no connection before the first call. */
export function createVectors(url: string, apiKey: string): Vectors {
  // As a header, because the client warns on the console about a key over plain http, which is how a mesh carries it.
  return new QdrantClient({
    url,
    headers: { 'api-key': apiKey },
    checkCompatibility: false,
    timeout: 10_000,
  })
}
