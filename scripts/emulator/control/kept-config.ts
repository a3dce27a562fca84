/** ConfigMaps of clients that say how the emulator itself works: it reads them when it starts, as those of files. */

import type { KeyedStore } from '../keyed-store.ts'
import { readJsonDocument } from '../manifests/read-document.ts'
import type { ConfigMapResource } from '../manifests/types.ts'
import { fromStored } from './client-object.ts'

/** Those of files, which win, and those that are kept beside them. */
export function withKeptConfigMaps(
  configMaps: readonly ConfigMapResource[],
  store: KeyedStore,
): ConfigMapResource[] {
  const ofFiles = new Set(configMaps.map(nameOf))
  const kept = store.entries().flatMap(([, value]) => {
    const object = fromStored(value)
    if (object?.reference.kind.kind !== 'ConfigMap') return []
    const { result } = readJsonDocument(object.document, 'request')
    return result?.list === 'configMaps' && !ofFiles.has(nameOf(result.resource))
      ? [result.resource]
      : []
  })
  return [...configMaps, ...kept]
}

const nameOf = ({ namespace, name }: ConfigMapResource): string => `${namespace}/${name}`
