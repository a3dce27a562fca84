/** The left-associative binary operators; 32 bit arithmetic wraps around, as it does in Knative's Go. */

import { cast, toInteger } from './cast.ts'
import { type ErrorKind, typeOf, type Value, ZERO } from './value.ts'

/** A value, or the error that takes its place. */
export type Outcome = { readonly value: Value } | { readonly error: ErrorKind }

/** What an operator makes of its operands, and what it yields when one of them failed. */
export interface Operator {
  readonly zero: Value
  readonly apply: (left: Value, right: Value) => Outcome
}

/** By the symbol in the expression. */
export const OPERATORS: Readonly<Record<string, Operator>> = {
  '*': arithmetic(Math.imul),
  '/': arithmetic((left, right) => (right === 0 ? undefined : (left / right) | 0)),
  '%': arithmetic((left, right) => (right === 0 ? undefined : (left % right) | 0)),
  '+': arithmetic((left, right) => (left + right) | 0),
  '-': arithmetic((left, right) => (left - right) | 0),
  '=': equality(true),
  '!=': equality(false),
  '<>': equality(false),
  '<': order((left, right) => left < right),
  '<=': order((left, right) => left <= right),
  '>': order((left, right) => left > right),
  '>=': order((left, right) => left >= right),
}

const CAST_ERROR: Outcome = { error: 'cast' }

function arithmetic(operate: (left: number, right: number) => number | undefined): Operator {
  return integers(ZERO.Integer, operate)
}

function order(compare: (left: number, right: number) => boolean): Operator {
  return integers(ZERO.Boolean, compare)
}

function integers(
  zero: Value,
  operate: (left: number, right: number) => Value | undefined,
): Operator {
  return {
    zero,
    apply(left, right) {
      const first = toInteger(left)
      const second = toInteger(right)
      if (first === undefined || second === undefined) return CAST_ERROR
      const value = operate(first, second)
      return value === undefined ? { error: 'math' } : { value }
    },
  }
}

/** These are overloaded, so the right operand decides the type that the left one is cast to (3.7). */
function equality(equal: boolean): Operator {
  return {
    zero: ZERO.Boolean,
    apply(left, right) {
      const value = cast(left, typeOf(right))
      return value === undefined ? CAST_ERROR : { value: (value === right) === equal }
    },
  }
}
