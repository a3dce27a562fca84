/** The parameters of a request: which objects, and how a write is meant. */

import type { WriteOptions } from '../../control/admission.ts'
import type { Entry } from '../../control/catalogue.ts'
import type { RemoveOptions } from '../../control/control-plane.ts'
import { parseFieldSelector, parseLabelSelector } from '../../control/selector.ts'
import { StatusError } from '../../control/status-error.ts'
import { isObject } from '../../manifests/field.ts'
import type { ResourcePath } from './path.ts'

type Query = URLSearchParams

/**
 * Whether an object is of the path and of the selectors.
 * @throws StatusError
 */
export function toSelection(path: ResourcePath, query: Query): (entry: Entry) => boolean {
  const byLabel = parseLabelSelector(query.get('labelSelector') ?? '')
  const byField = parseFieldSelector(query.get('fieldSelector') ?? '', path.kind.kind)
  return ({ kind, object }) =>
    kind === path.kind &&
    (path.namespace === undefined || object.metadata.namespace === path.namespace) &&
    (path.name === undefined || object.metadata.name === path.name) &&
    byLabel(object) &&
    byField(object)
}

/**
 * How a write is meant.
 * @throws StatusError when a parameter has a value that it cannot have
 */
export function toWriteOptions(query: Query): WriteOptions {
  const fieldValidation = query.get('fieldValidation') || 'Warn'
  if (!isFieldValidation(fieldValidation)) {
    throw new StatusError(
      'Invalid',
      `fieldValidation: Unsupported value: "${fieldValidation}": supported values: "Ignore", "Strict", "Warn"`,
    )
  }
  return { fieldValidation, dryRun: toDryRun(query.getAll('dryRun')) }
}

/**
 * What a removal demands, from the parameters and the body (`metav1.DeleteOptions`).
 * @throws StatusError
 */
export function toRemoveOptions(query: Query, body: unknown): RemoveOptions {
  const options = isObject(body) ? body : {}
  const preconditions = isObject(options.preconditions) ? options.preconditions : {}
  const { uid, resourceVersion } = preconditions
  const dryRun = Array.isArray(options.dryRun) ? options.dryRun.map(String) : []
  return {
    ...(typeof uid === 'string' && { uid }),
    ...(typeof resourceVersion === 'string' && { resourceVersion }),
    dryRun: toDryRun([...query.getAll('dryRun'), ...dryRun]),
  }
}

/**
 * A whole number that is not negative; undefined when the parameter is not there.
 * @throws StatusError
 */
export function toNumber(query: Query, name: string): number | undefined {
  const text = query.get(name)
  if (text === null || text === '') return undefined
  const value = Number(text)
  if (Number.isSafeInteger(value) && value >= 0) return value
  throw new StatusError('Invalid', `${name}: Invalid value: ${JSON.stringify(text)}`)
}

const isFieldValidation = (text: string): text is NonNullable<WriteOptions['fieldValidation']> =>
  ['Strict', 'Warn', 'Ignore'].includes(text)

function toDryRun(values: readonly string[]): boolean {
  const wrong = values.find(value => value !== 'All')
  if (wrong === undefined) return values.length > 0
  throw new StatusError('Invalid', `dryRun: Unsupported value: "${wrong}": supported values: "All"`)
}
