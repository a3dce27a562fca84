/** `spec.delivery` and the Destinations that it and subscribers name. */
import { parseIsoDuration } from './duration.ts'
import type { Field } from './field.ts'
import { readInteger, readRequired, readText, refuseUnknown } from './read.ts'
import type { DeliverySpec, Destination } from './types.ts'

/** Reads `spec.delivery`; undefined when there is none, which lets the Broker's be inherited. */
export function readDelivery(field: Field, namespace: string): DeliverySpec | undefined {
  if (field.value === undefined || field.value === null) return undefined
  refuseUnknown(field, [
    'deadLetterSink',
    'retry',
    'backoffPolicy',
    'backoffDelay',
    'timeout',
    // Whether it may be set is a matter of the cluster's features, which only the broker knows.
    'retryAfterMax',
    'format',
  ])
  const retry = readInteger(field.get('retry'), { min: 0, fallback: undefined })
  const backoffPolicy = readChoice(field.get('backoffPolicy'), ['linear', 'exponential'])
  const backoffDelayMs = readDuration(field.get('backoffDelay'), 0)
  const timeoutMs = readDuration(field.get('timeout'), 1)
  const retryAfterMaxMs = readDuration(field.get('retryAfterMax'), 0)
  const format = readChoice(field.get('format'), ['json', 'binary'])
  const sink = field.get('deadLetterSink')
  return {
    ...(retry !== undefined && { retry }),
    ...(backoffPolicy && { backoffPolicy }),
    ...(backoffDelayMs !== undefined && { backoffDelayMs }),
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(retryAfterMaxMs !== undefined && { retryAfterMaxMs }),
    ...(format && { format }),
    ...(sink.value !== undefined && { deadLetterSink: readDestination(sink, namespace) }),
  }
}

/**
 * Reads a Destination: a ref (its namespace defaults to the owner's), a URI, or a URI relative to the ref. `beside`
 * names the fields of an object that has the Destination inline.
 */
export function readDestination(
  field: Field,
  namespace: string,
  beside: readonly string[] = [],
): Destination {
  refuseUnknown(field, ['ref', 'uri', 'CACerts', 'audience', ...beside])
  const ref = field.get('ref')
  const uri = readText(field.get('uri'))
  if (ref.value === undefined && uri === undefined) {
    field.report('expected at least one, got none: ref, uri')
    return {}
  }
  if (ref.value === undefined) {
    if (uri === undefined || !isAbsolute(uri)) {
      field
        .get('uri')
        .report(
          'invalid value: Relative URI is not allowed when Ref and [apiVersion, kind, name] is absent',
        )
    }
    return { ...(uri !== undefined && { uri }) }
  }
  // `group` belongs to the feature kreference-group, which is off by default.
  refuseUnknown(ref, ['apiVersion', 'kind', 'name', 'namespace', 'address'], ['group'])
  if (uri !== undefined && isAbsolute(uri)) {
    field.report('Absolute URI is not allowed when Ref or [apiVersion, kind, name] is present')
  }
  return {
    ref: {
      apiVersion: readRequired(ref.get('apiVersion')),
      kind: readRequired(ref.get('kind')),
      name: readRequired(ref.get('name')),
      namespace: readText(ref.get('namespace')) ?? namespace,
    },
    ...(uri !== undefined && { uri }),
  }
}

function readChoice<T extends string>(field: Field, choices: readonly T[]): T | undefined {
  const text = readText(field)
  const choice = choices.find(each => each === text)
  if (text !== undefined && choice === undefined) field.report(`invalid value: ${text}`)
  return choice
}

function readDuration(field: Field, minMs: number): number | undefined {
  const text = readText(field)
  if (text === undefined) return undefined
  const ms = parseIsoDuration(text)
  if (ms !== undefined && ms >= minMs) return ms
  field.report(`invalid value: ${text}`)
  return undefined
}

const isAbsolute = (uri: string): boolean => URL.canParse(uri)
