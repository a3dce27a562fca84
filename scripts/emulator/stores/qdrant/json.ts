/** Reads the parts of a JSON body, or says what is wrong with them as Qdrant does. */
import { formatError, validationError } from './error.ts'

/** Any JSON value. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

/** A JSON object. */
export type JsonObject = { [key: string]: Json }

/** Whether `value` is a JSON object. */
export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** `value` as an object. */
export function toObject(value: Json | undefined, what: string): JsonObject {
  if (isObject(value)) return value
  throw formatError(`invalid type: ${describe(value)}, expected ${what}`)
}

/** `value` as an array. */
export function toArray(value: Json | undefined, what: string): Json[] {
  if (Array.isArray(value)) return value
  throw formatError(`invalid type: ${describe(value)}, expected ${what}`)
}

/** `value` as a string. */
export function toText(value: Json | undefined, what: string): string {
  if (typeof value === 'string') return value
  throw formatError(`invalid type: ${describe(value)}, expected ${what}`)
}

/** The field `name` of `body`, which must be there. */
export function required(body: JsonObject, name: string): Json {
  const value = field(body, name)
  if (value === undefined) throw formatError(`missing field \`${name}\``)
  return value
}

/** The field `name` of `body`; `null` counts as absent. */
export function field(body: JsonObject, name: string): Json | undefined {
  return Object.hasOwn(body, name) ? (body[name] ?? undefined) : undefined
}

/** The number `name` of `body`, if it is there. */
export function optionalNumber(body: JsonObject, name: string): number | undefined {
  const value = field(body, name)
  if (value === undefined || typeof value === 'number') return value
  throw formatError(`invalid type: ${describe(value)}, expected f32`)
}

/** The whole number `name` of `body`, at least `minimum`, or `fallback`. */
export function optionalInteger(
  body: JsonObject,
  name: string,
  { fallback, minimum }: { fallback: number; minimum: number },
): number {
  const value = field(body, name)
  if (value === undefined) return fallback
  if (typeof value !== 'number') {
    throw formatError(`invalid type: ${describe(value)}, expected usize`)
  }
  if (!Number.isSafeInteger(value) || value < 0) {
    throw formatError(`invalid value: ${describe(value)}, expected usize`)
  }
  if (value < minimum) {
    throw validationError(name, `value ${value} invalid, must be ${minimum} or larger`)
  }
  return value
}

/** A value in the words of serde's messages. */
export function describe(value: Json | undefined): string {
  if (value === undefined || value === null) return 'null'
  if (Array.isArray(value)) return 'sequence'
  if (typeof value === 'object') return 'map'
  if (typeof value === 'string') return `string ${JSON.stringify(value.slice(0, 100))}`
  if (typeof value === 'boolean') return `boolean \`${value}\``
  return Number.isInteger(value) ? `integer \`${value}\`` : `floating point \`${value}\``
}
