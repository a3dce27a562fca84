/** Casts between the three types (CESQL 1.0, 3.7); undefined where a value has no such form. */

import { isInteger, type Type, type Value } from './value.ts'

/** The value in another type, or undefined: a cast error. */
export function cast(value: Value, type: Type): Value | undefined {
  return CASTS[type](value)
}

/** The value's string form, which every value has. */
export function toText(value: Value): string {
  return String(value)
}

/** 0 is false and other integers are true; of strings only "true" and "false", in any case, are booleans. */
export function toBoolean(value: Value): boolean | undefined {
  if (typeof value !== 'string') return Boolean(value)
  const word = value.length > LONGEST_BOOLEAN ? '' : value.toLowerCase()
  return word === 'true' ? true : word === 'false' ? false : undefined
}

/** True is 1; a string must be decimal digits with an optional sign, and fit into 32 bits. */
export function toInteger(value: Value): number | undefined {
  if (typeof value !== 'string') return Number(value)
  if (!DECIMAL.test(value)) return undefined
  const number = Number(value)
  // `| 0` makes of "-0" the only zero there is.
  return isInteger(number) ? number | 0 : undefined
}

const DECIMAL = /^[+-]?[0-9]+$/
const LONGEST_BOOLEAN = 'false'.length

const CASTS: Record<Type, (value: Value) => Value | undefined> = {
  String: toText,
  Integer: toInteger,
  Boolean: toBoolean,
}
