/** What every source has: a sink, and extensions that it puts on its events. */
import { readDestination } from './delivery.ts'
import { type Field, isObject } from './field.ts'
import { readTextMap, refuseUnknown } from './read.ts'
import { type Spec, withNamespace } from './spec-defaults.ts'
import type { Destination } from './types.ts'

/** The fields of `spec` that `readSource` reads. */
export const SOURCE_FIELDS: readonly string[] = ['sink', 'ceOverrides']

/** Reads `spec.sink` and `spec.ceOverrides`. */
export function readSource(
  spec: Field,
  namespace: string,
): { sink: Destination; overrides?: Readonly<Record<string, string>> } {
  const sink = spec.get('sink')
  if (!isObject(sink.value)) sink.report('expected at least one, got none: ref, uri')
  const overrides = readOverrides(spec.get('ceOverrides'))
  return {
    sink: isObject(sink.value) ? readDestination(sink, namespace) : {},
    ...(overrides && { overrides }),
  }
}

/** `spec` with the namespace of its sink. */
export function withSink(spec: Spec, namespace: string): Spec {
  return { ...spec, sink: withNamespace(spec.sink, namespace) }
}

/** `duckv1.CloudEventOverrides.Validate`: extension names of letters and digits. */
function readOverrides(field: Field): Record<string, string> | undefined {
  if (field.value === undefined || field.value === null) return undefined
  refuseUnknown(field, ['extensions'])
  const extensions = field.get('extensions')
  for (const [name, member] of extensions.members()) {
    if (!/^[a-z0-9]+$/.test(name)) {
      member.report(
        `invalid key name "${name}": keys are expected to be alphanumeric and in lower case`,
      )
    }
  }
  return readTextMap(extensions)
}
