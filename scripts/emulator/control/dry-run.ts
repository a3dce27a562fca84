/** The answer to a write that is only checked. */
import type { Document } from './admission.ts'
import type { Entry } from './catalogue.ts'
import type { Kind } from './kinds.ts'
import type { KubeObject } from './object.ts'
import { toMetadata } from './reference.ts'

/** The object as it would be, as far as that can be said without doing it. */
export function toDryRun(
  kind: Kind,
  document: Document,
  before: Entry | undefined,
  spec: Document | undefined,
): Entry {
  const metadata = { ...before?.object.metadata, ...toMetadata(document) }
  const filled = { ...document, ...(spec && { spec }), metadata }
  const object = { ...before?.object, ...filled } as unknown as KubeObject
  return { kind, object, version: before?.version ?? 0 }
}
