/** What the vector contracts share: a store, a client, and a collection name of its own for each test. */
import { randomUUID } from 'node:crypto'
import { QdrantClient } from '@qdrant/js-client-rest'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import type { Target } from './target.ts'

/** Where a store is, and its key. */
export interface QdrantAccess {
  url: string
  apiKey: string
}

/** A store under test; `name` is new for each test. */
export interface TestStore {
  access: QdrantAccess
  client: QdrantClient
  name: string
  /** Makes the collection `name` for vectors of three numbers. */
  create(distance?: 'Cosine' | 'Dot' | 'Euclid' | 'Manhattan'): Promise<boolean>
}

/** Opens `target` for the tests around the call, and deletes what they made. */
export function useStore(target: Target<QdrantAccess>): TestStore {
  let close: () => Promise<void> = async () => {}
  const made: string[] = []
  const store: TestStore = {
    access: { url: '', apiKey: '' },
    client: connect({ url: 'http://127.0.0.1:1', apiKey: '' }),
    name: '',
    create: (distance = 'Cosine') =>
      store.client.createCollection(store.name, { vectors: { size: 3, distance } }),
  }
  beforeAll(async () => {
    const opened = await target.open()
    close = opened.close
    store.access = opened.access
    store.client = connect(opened.access)
  })
  afterAll(async () => {
    for (const name of made) await store.client.deleteCollection(name)
    await close()
  })
  beforeEach(() => {
    store.name = `contract-${randomUUID()}`
    made.push(store.name)
  })
  return store
}

/** Status and message of a call that must fail. */
export async function failure(call: Promise<unknown>): Promise<[number, string]> {
  try {
    await call
  } catch (error) {
    const { status, data } = error as { status: number; data: { status: { error: string } } }
    return [status, data.status.error]
  }
  throw new Error('the call did not fail')
}

/** The ids of points, in their order. */
export const idsOf = (points: { id: string | number }[]): (string | number)[] =>
  points.map(({ id }) => id)

function connect({ url, apiKey }: QdrantAccess): QdrantClient {
  // As a header, because the client warns on the console about a key over plain http.
  return new QdrantClient({ url, headers: { 'api-key': apiKey }, checkCompatibility: false })
}
