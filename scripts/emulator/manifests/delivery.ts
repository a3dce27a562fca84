/** `spec.delivery` and the Destinations that it and subscribers name. */
import { parseIsoDuration } from './duration.ts'
import type { Field } from './field.ts'
import { readInteger, readRequired, readText, refuseUnknown } from './read.ts'
import type { DeliverySpec, Destination } from './types.ts'

/** Reads `spec.delivery`; undefined when there is none, which lets the Broker's be inherited. */
export function readDelivery(field: Field, namespace: string): DeliverySpec | undefined {
  if (field.value === undefined || field.value === null) return undefined
  refuseUnknown(
    field,
    ['deadLetterSink', 'retry', 'backoffPolicy', 'backoffDelay', 'timeout'],
    // Feature delivery-retryafter is alpha and off; `format` would change the wire form, which is always binary here.
    ['retryAfterMax', 'format'],
  )
  const retry = readInteger(field.get('retry'), { min: 0, fallback: undefined })
  const backoffPolicy = readPolicy(field.get('backoffPolicy'))
  const backoffDelayMs = readDuration(field.get('backoffDelay'), 0)
  const timeoutMs = readDuration(field.get('timeout'), 1)
  const sink = field.get('deadLetterSink')
  return {
    ...(retry !== undefined && { retry }),
    ...(backoffPolicy && { backoffPolicy }),
    ...(backoffDelayMs !== undefined && { backoffDelayMs }),
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(sink.value !== undefined && { deadLetterSink: readDestination(sink, namespace) }),
  }
}

/** Reads a Destination: a ref (its namespace defaults to the owner's), a URI, or a URI relative to the ref. */
export function readDestination(field: Field, namespace: string): Destination {
  refuseUnknown(field, ['ref', 'uri', 'CACerts', 'audience'])
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
        .report(`invalid value: Relative URI is not allowed when Ref is absent: ${uri}`)
    }
    return { ...(uri !== undefined && { uri }) }
  }
  refuseUnknown(ref, ['apiVersion', 'kind', 'name', 'namespace', 'group', 'address'])
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

function readPolicy(field: Field): DeliverySpec['backoffPolicy'] {
  const policy = readText(field)
  if (policy === undefined || policy === 'linear' || policy === 'exponential') return policy
  field.report(`invalid value: ${policy}`)
  return undefined
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
