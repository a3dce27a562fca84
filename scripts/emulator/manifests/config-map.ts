/** A ConfigMap, whose keys a function's environment may name. */
import type { Field } from './field.ts'
import { readMetadata } from './metadata.ts'
import { readTextMap } from './read.ts'
import type { ConfigMapResource } from './types.ts'

/** Reads and checks one `v1` ConfigMap. */
export function readConfigMap(root: Field, file: string): ConfigMapResource {
  const { name, namespace, line, document } = readMetadata(root, file)
  return { file, line, name, namespace, document, data: readTextMap(root.get('data')) }
}
