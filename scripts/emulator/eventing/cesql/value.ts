/** The values of CESQL, its three types with their zero values, and the errors it knows. */

/** A string, a signed 32 bit integer or a boolean. */
export type Value = boolean | number | string

/** The type of a value. */
export type Type = 'String' | 'Integer' | 'Boolean'

/** Why an evaluation has no proper result (CESQL 1.0, 3.3). */
export type ErrorKind =
  | 'parse'
  | 'math'
  | 'cast'
  | 'missingFunction'
  | 'functionEvaluation'
  | 'missingAttribute'
  | 'generic'

/** What an expression comes to; with an error, `value` is the zero value of what should have come. */
export interface Result {
  readonly value: Value
  readonly error?: ErrorKind
}

/** What a sub-expression yields when an error keeps it from a value. */
export const ZERO: { readonly String: ''; readonly Integer: 0; readonly Boolean: false } = {
  String: '',
  Integer: 0,
  Boolean: false,
}

/** The type of a value. */
export function typeOf(value: Value): Type {
  if (typeof value === 'string') return 'String'
  return typeof value === 'number' ? 'Integer' : 'Boolean'
}

/** Whether a number is one of CESQL's integers. */
export function isInteger(value: number): boolean {
  return (value | 0) === value
}
