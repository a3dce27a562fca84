/** CloudEvents SQL expressions, version 1.0: predicates and values over the context attributes of an event. */

import type { Expression } from './ast.ts'
import { type Explained, run } from './evaluator.ts'
import { parse } from './parse.ts'
import { SyntaxMistake } from './syntax-mistake.ts'
import type { Result } from './value.ts'

/** An expression that is ready for many events. */
export interface Compiled {
  readonly evaluate: (event: Readonly<Record<string, unknown>>) => Result
  /** The same, with the reason of an error in words. */
  readonly explain: (event: Readonly<Record<string, unknown>>) => Explained
}

/** Why an expression is none, and the character (from 0) at which it stops being one. */
export interface ParseFailure {
  readonly error: 'parse'
  readonly message: string
  readonly offset: number
}

/**
 * Parses once; never throws. An expression longer than 65,536 characters, with more than 100 nested
 * brackets, an integer beyond 32 bits or more than 4,096 characters between two `%` of a `LIKE`
 * pattern is a parse failure.
 *
 * @example
 * const expression = compile("type LIKE 'com.example.%' AND EXISTS subject")
 * const wanted = 'error' in expression ? false : expression.evaluate(attributes).value === true
 */
export function compile(expression: string): Compiled | ParseFailure {
  try {
    const tree = parse(expression)
    return {
      evaluate(event) {
        const { value, error } = explain(tree, event)
        return error ? { value, error } : { value }
      },
      explain: event => explain(tree, event),
    }
  } catch (error) {
    if (error instanceof SyntaxMistake)
      return { error: 'parse', message: error.message, offset: error.offset }
    const message = error instanceof Error ? error.message : String(error)
    return { error: 'parse', message, offset: 0 }
  }
}

/** Evaluates once; never throws. What cannot be parsed is false with the error `parse`. */
export function evaluate(expression: string, event: Readonly<Record<string, unknown>>): Result {
  const compiled = compile(expression)
  return 'error' in compiled ? { value: false, error: 'parse' } : compiled.evaluate(event)
}

/** Expressions are total, but an event may have a value that refuses to be read. */
function explain(tree: Expression, event: Readonly<Record<string, unknown>>): Explained {
  try {
    return run(tree, event)
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'something was thrown'
    return { value: false, error: 'generic', reason }
  }
}
