/** A Kubernetes object as the emulator's parts keep and show it. */
import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../clock.ts'
import type { Condition } from './conditions.ts'

/** An object with its status; the control plane adds `resourceVersion` when it shows it. */
export interface KubeObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: ObjectMeta
  readonly spec?: Readonly<Record<string, unknown>>
  readonly status?: ObjectStatus
}

/** What every status has, beside the fields of its kind. */
export interface ObjectStatus extends Readonly<Record<string, unknown>> {
  readonly observedGeneration?: number
  readonly conditions?: readonly Condition[]
}

/** `metadata` of a namespaced object. */
export interface ObjectMeta {
  readonly name: string
  readonly namespace: string
  readonly uid: string
  /** Rises with each change of `spec` only. */
  readonly generation: number
  /** RFC 3339, whole seconds. */
  readonly creationTimestamp: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly ownerReferences?: readonly OwnerReference[]
}

/** Who made an object; it goes when its owner goes. */
export interface OwnerReference {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
  readonly controller: true
  readonly blockOwnerDeletion: true
}

/** Which object it is, for one that is made again at the start of the emulator. */
export interface Birth {
  readonly uid: string
  readonly creationTimestamp: string
  readonly generation: number
}

/** What an object keeps from its birth on. */
export interface Identity extends Pick<Birth, 'uid' | 'creationTimestamp'> {
  generation(): number
  /** Takes the spec that holds now; true when it differs from the one before, which raises the generation. */
  update(spec: unknown): boolean
}

/** A new object of generation 1, or the one that was `born` before. */
export function createIdentity(clock: Clock, spec: unknown, born?: Partial<Birth>): Identity {
  let current = spec
  let generation = born?.generation ?? 1
  return {
    uid: born?.uid ?? crypto.randomUUID(),
    creationTimestamp: born?.creationTimestamp ?? toTimestamp(clock.now()),
    generation: () => generation,
    update(next) {
      if (isDeepStrictEqual(current, next)) return false
      current = next
      generation += 1
      return true
    },
  }
}

/** The reference that makes `owner` the controller of another object. */
export function toOwnerReference({ apiVersion, kind, metadata }: KubeObject): OwnerReference {
  const { name, uid } = metadata
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true }
}

/** `metav1.Time`: RFC 3339 in whole seconds. */
export function toTimestamp(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')
}
