/** What screens show of each request: which function answered, from zero or not, and how long it took. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Revision } from './revision.ts'

/** One request that a function answered, or that was refused in its place. */
export interface RequestFact {
  readonly service: string
  readonly revision: string
  readonly method: string
  readonly path: string
  readonly status: number
  /** No replica was ready when it came. */
  readonly cold: boolean
  /** Real milliseconds until the answer ended. */
  readonly tookMs: number
}

/** Tells listeners about requests; costs nothing while nobody listens. */
export interface RequestFacts {
  subscribe(listener: (fact: RequestFact) => void): () => void
  /** Begins to watch a request; the returned function ends it with the answer's status. */
  begin(revision: Revision, method: string, path: string): (status: number) => void
  /** The same for a streamed answer. */
  watch(revision: Revision, request: IncomingMessage, response: ServerResponse): void
}

/** Makes the register of listeners. */
export function createRequestFacts(): RequestFacts {
  const listeners = new Set<(fact: RequestFact) => void>()

  function begin(revision: Revision, method: string, path: string): (status: number) => void {
    if (listeners.size === 0) return () => {}
    const cold = revision.numbers().ready === 0
    const begun = performance.now()
    return status => {
      const tookMs = performance.now() - begun
      const { name: service } = revision.service
      const fact = { service, revision: revision.name, method, path, status, cold, tookMs }
      for (const listener of listeners) listener(fact)
    }
  }

  return {
    begin,
    subscribe: listener => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    watch(revision, { method = '', url = '' }, response) {
      if (listeners.size === 0) return
      const end = begin(revision, method, url.split('?')[0] ?? '')
      response.once('close', () => end(response.statusCode))
    },
  }
}
