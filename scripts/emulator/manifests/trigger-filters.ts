/** `spec.filters`: the tree of filter expressions, exactly one dialect per node. */

import { describeMistake } from '../eventing/cesql/filter.ts'
import { describe, type Field, isObject } from './field.ts'
import { readText, readTextMap } from './read.ts'
import type { FilterExpression } from './types.ts'

const ATTRIBUTE_NAME = /^[a-z][a-z0-9]*$/
const NEVER: FilterExpression = { any: [] }

type Reader = (field: Field) => FilterExpression

const DIALECTS: Record<string, Reader> = {
  exact: field => ({ exact: readAttributes(field) }),
  prefix: field => ({ prefix: readAttributes(field) }),
  suffix: field => ({ suffix: readAttributes(field) }),
  all: field => ({ all: field.items().map(readFilter) }),
  any: field => ({ any: field.items().map(readFilter) }),
  not: field => ({ not: readFilter(field) }),
  cesql: readCesql,
}

/** Reads the list; undefined when there is none, so that the legacy `filter` counts. */
export function readFilters(field: Field): FilterExpression[] | undefined {
  if (field.value === undefined || field.value === null) return undefined
  return field.items().map(readFilter)
}

function readFilter(field: Field): FilterExpression {
  if (!isObject(field.value)) {
    field.report(`must be a mapping, got ${describe(field.value)}`)
    return NEVER
  }
  for (const [key, member] of field.members()) {
    if (!(key in DIALECTS)) member.report(`unknown field "${member.path}"`)
  }
  const set = field.members().filter(([key]) => key in DIALECTS)
  if (set.length > 1) field.report('multiple dialects found, filters can have only one dialect set')
  const [name, member] = set[0] ?? []
  const reader = name === undefined ? undefined : DIALECTS[name]
  if (reader && member) return reader(member)
  // Knative skips an empty filter at run time; here it is a mistake that would deliver everything.
  field.report(`expected exactly one, got neither: ${Object.keys(DIALECTS).join(', ')}`)
  return NEVER
}

/** Parsed here so that a mistake is refused at its place; the filter keeps what was parsed. */
function readCesql(field: Field): FilterExpression {
  const text = readText(field)
  if (text === undefined && field.value !== null) return NEVER
  const filter = { cesql: text ?? '' }
  const mistake = describeMistake(filter)
  if (mistake !== undefined) field.report(mistake)
  return filter
}

function readAttributes(field: Field): Record<string, string> {
  if (!isObject(field.value)) field.report(`must be a mapping, got ${describe(field.value)}`)
  else if (field.members().length === 0) field.report('missing field(s)')
  for (const [name, member] of field.members()) {
    if (!ATTRIBUTE_NAME.test(name)) member.report(`invalid key name "${name}"`)
    else if (member.value === '') member.report('invalid value: ')
  }
  return readTextMap(field)
}
