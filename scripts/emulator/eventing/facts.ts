/** Live facts about events, for the dashboard and for tests. */

import type { Log } from '../log.ts'
import type { Fact } from './records.ts'

/** Hands each fact to whoever listens. */
export interface Facts {
  emit(fact: Fact): void
  subscribe(listener: (fact: Fact) => void): () => void
}

/** A listener that throws is reported and harms nobody else. */
export function createFacts({ log }: { log: Log }): Facts {
  const listeners = new Set<(fact: Fact) => void>()
  return {
    emit(fact) {
      for (const listener of listeners) {
        try {
          listener(fact)
        } catch (error) {
          log.error('broker', `a listener failed on ${fact.kind}: ${String(error)}`)
        }
      }
    },
    subscribe(listener) {
      const entry = (fact: Fact): void => listener(fact)
      listeners.add(entry)
      return () => listeners.delete(entry)
    },
  }
}
