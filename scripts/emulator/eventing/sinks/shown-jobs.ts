/** The jobs that are shown as objects: each is made anew only when it changes, for there are many. */
import type { KubeObject } from '../../control/object.ts'

/** Jobs as objects. */
export interface ShownJobs {
  objects(): KubeObject[]
  /** Tells that `objects` answers otherwise now; returns what ends the telling. */
  onChange(listener: () => void): () => void
}

/** The same, by the keys of the jobs. */
export interface JobBoard extends ShownJobs {
  put(key: string, job: KubeObject): void
  /** Harmless for those that are not there. */
  drop(keys: readonly string[]): void
  find(namespace: string, name: string): string | undefined
}

/** More are not shown until others go: a burst of events is no reason to fill the memory. */
const MAX_SHOWN = 5_000

/** Nothing is shown yet. */
export function createJobBoard(): JobBoard {
  const shown = new Map<string, KubeObject>()
  const listeners = new Set<() => void>()
  const tell = (): void => {
    for (const listener of listeners) listener()
  }
  return {
    put(key, job) {
      if (shown.size >= MAX_SHOWN && !shown.has(key)) return
      shown.set(key, job)
      tell()
    },
    drop(keys) {
      const gone = keys.filter(key => shown.delete(key))
      if (gone.length > 0) tell()
    },
    find(namespace, name) {
      for (const [key, { metadata }] of shown) {
        if (metadata.name === name && metadata.namespace === namespace) return key
      }
      return undefined
    },
    objects: () => [...shown.values()],
    onChange(listener) {
      const entry = (): void => listener()
      listeners.add(entry)
      return () => listeners.delete(entry)
    },
  }
}
