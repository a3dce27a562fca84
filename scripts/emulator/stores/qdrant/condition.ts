/** A condition on one payload field: match, range, number of values, emptiness. */
import { formatError, notServed } from './error.ts'
import { field, type Json, type JsonObject, toObject } from './json.ts'
import { createMatch } from './match.ts'
import { createRange } from './range.ts'
import type { TextIndex } from './text.ts'

/** Whether the values that a path names meet the condition; none at all is an empty list. */
export function createFieldCheck(
  condition: JsonObject,
  index: TextIndex | undefined,
): (values: Json[]) => boolean {
  const geo = Object.keys(condition).find(name => name.startsWith('geo_'))
  if (geo !== undefined) throw notServed(`the filter condition "${geo}"`)
  const checks = Object.entries(PARTS).flatMap(([name, create]) => {
    const part = field(condition, name)
    return part === undefined ? [] : [create(part, index)]
  })
  if (checks.length === 0) {
    throw formatError('data did not match any variant of untagged enum Condition')
  }
  // One part that holds is enough (qdrant `condition_checker.rs`).
  return values => checks.some(check => check(values))
}

type CreatePart = (part: Json, index: TextIndex | undefined) => (values: Json[]) => boolean

const PARTS: Record<string, CreatePart> = {
  match(part, index) {
    const matches = createMatch(toObject(part, 'struct Match'), index)
    return values => values.flat().some(matches)
  },
  range(part) {
    const within = createRange(toObject(part, 'struct Range'))
    return values => values.flat().some(within)
  },
  values_count(part) {
    const within = createRange(toObject(part, 'struct ValuesCount'))
    return values => (values.length === 0 ? [null] : values).some(value => within(count(value)))
  },
  is_empty: part => values => isEmpty(values) === part,
  is_null: part => values => values.includes(null) === part,
}

const isEmpty = (values: Json[]): boolean =>
  values.every(value => value === null || (Array.isArray(value) && value.length === 0))

const count = (value: Json): number =>
  value === null ? 0 : Array.isArray(value) ? value.length : 1
