/** The seam between the control plane and the parts that keep objects. */
import type { ReadResource } from '../manifests/read-document.ts'
import type { Kind } from './kinds.ts'
import type { KubeObject } from './object.ts'

/** Keeps objects of some kinds, and shows them complete with status. */
export interface ObjectSource {
  objects(): readonly KubeObject[]
  /** Tells that `objects` would answer otherwise now; returns what ends the telling. */
  onChange(listener: () => void): () => void
}

/** A source that takes objects, too. */
export interface Part extends ObjectSource {
  takes(kind: Kind): boolean
  /**
   * Adds or replaces. With `wait` it resolves when the object works, or rejects with why it does not; without, its
   * conditions tell. `starting` takes it as it was before a restart: without proof, at zero replicas.
   * @throws TypeError or StatusError when the object cannot be taken; nothing changed then
   */
  apply(read: ReadResource, options: { wait: boolean; starting?: boolean }): Promise<void> | void
  /** The spec of what was read with its defaults, as a dry run answers it; undefined: as it is written. */
  spec?(read: ReadResource): Readonly<Record<string, unknown>> | undefined
  /** Harmless when there is none. */
  remove(kind: Kind, namespace: string, name: string): Promise<void> | void
}
