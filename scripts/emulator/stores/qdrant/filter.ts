/** Filters: a tree of `must`, `should`, `must_not` over conditions, made into one function per request. */
import { createFieldCheck } from './condition.ts'
import { formatError } from './error.ts'
import {
  field,
  isObject,
  type Json,
  type JsonObject,
  required,
  toArray,
  toObject,
  toText,
} from './json.ts'
import { parsePath, valuesAt } from './payload.ts'
import { type PointId, parsePointId } from './point-id.ts'
import type { TextIndex } from './text.ts'

/** What a condition looks at; a nested object has no id. */
export interface Candidate {
  id: PointId | undefined
  payload: JsonObject
  hasVector: boolean
}

/** Whether a point passes. */
export type Check = (point: Candidate) => boolean

/** The text index of a payload field, if it has one. */
export type TextIndexes = (key: string) => TextIndex | undefined

/** Reads a filter; an absent one is `undefined`, so that the caller can skip the scan. */
export function parseFilter(value: Json | undefined, indexes: TextIndexes): Check | undefined {
  if (value === undefined || value === null) return undefined
  return clauses(toObject(value, 'struct Filter'), indexes)
}

function clauses(filter: JsonObject, indexes: TextIndexes): Check {
  const unknown = Object.keys(filter).find(key => !CLAUSES.includes(key))
  if (unknown !== undefined) {
    throw formatError(
      `unknown field \`${unknown}\`, expected one of \`should\`, \`min_should\`, \`must\`, \`must_not\``,
    )
  }
  const read = (name: string): Check[] => conditions(field(filter, name), indexes)
  const must = read('must')
  const should = read('should')
  const mustNot = read('must_not')
  const minShould = field(filter, 'min_should')
  const enough = minShould === undefined ? () => true : parseMinShould(minShould, indexes)
  return point =>
    must.every(check => check(point)) &&
    (should.length === 0 || should.some(check => check(point))) &&
    !mustNot.some(check => check(point)) &&
    enough(point)
}

function parseMinShould(value: Json, indexes: TextIndexes): Check {
  const body = toObject(value, 'struct MinShould')
  const checks = conditions(required(body, 'conditions'), indexes)
  const count = required(body, 'min_count')
  if (typeof count !== 'number') throw formatError('expected a number in `min_count`')
  return point => checks.filter(check => check(point)).length >= count
}

function conditions(value: Json | undefined, indexes: TextIndexes): Check[] {
  if (value === undefined) return []
  const list = Array.isArray(value) ? value : [value]
  return list.map(condition => parseCondition(toObject(condition, 'a condition'), indexes))
}

function parseCondition(condition: JsonObject, indexes: TextIndexes): Check {
  const kind = Object.keys(CONDITIONS).find(name => Object.hasOwn(condition, name))
  const parse = kind === undefined ? undefined : CONDITIONS[kind]
  if (parse) return parse(condition, indexes)
  if (CLAUSES.some(name => Object.hasOwn(condition, name))) return clauses(condition, indexes)
  throw formatError('data did not match any variant of untagged enum Condition')
}

const CONDITIONS: Record<string, (condition: JsonObject, indexes: TextIndexes) => Check> = {
  key(condition, indexes) {
    const key = toText(condition.key, 'payload key')
    const path = parsePath(key)
    const check = createFieldCheck(condition, indexes(key))
    return ({ payload }) => check(valuesAt(payload, path))
  },
  has_id(condition) {
    const ids = new Set(toArray(condition.has_id, 'list of point ids').map(parsePointId))
    return ({ id }) => id !== undefined && ids.has(id)
  },
  has_vector(condition) {
    const name = toText(condition.has_vector, 'vector name')
    return ({ hasVector }) => name === '' && hasVector
  },
  is_empty: condition => onKey(condition.is_empty, { is_empty: true }),
  is_null: condition => onKey(condition.is_null, { is_null: true }),
  nested(condition, indexes) {
    const nested = toObject(condition.nested, 'struct Nested')
    const key = toText(required(nested, 'key'), 'payload key').replace(/\[\]$/, '')
    const path = parsePath(`${key}[]`)
    const check = clauses(toObject(required(nested, 'filter'), 'struct Filter'), part =>
      indexes(`${key}[].${part}`),
    )
    return ({ payload }) =>
      valuesAt(payload, path).some(
        value => isObject(value) && check({ id: undefined, payload: value, hasVector: false }),
      )
  },
}

function onKey(value: Json | undefined, condition: JsonObject): Check {
  const key = required(toObject(value, 'struct PayloadField'), 'key')
  const path = parsePath(toText(key, 'payload key'))
  const check = createFieldCheck(condition, undefined)
  return ({ payload }) => check(valuesAt(payload, path))
}

const CLAUSES = ['should', 'min_should', 'must', 'must_not']
