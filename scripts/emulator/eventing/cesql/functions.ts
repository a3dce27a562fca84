/** The built-in functions (CESQL 1.0, 3.5), with the casting functions that the conformance kit asks for. */

import { toBoolean, toInteger, toText } from './cast.ts'
import { length, slice, trim } from './characters.ts'
import type { ErrorKind, Type, Value } from './value.ts'

/** What a function gives back: the specification names the value that goes with each error. */
export interface Returned {
  readonly value: Value
  readonly error?: ErrorKind
}

/** A function of fixed arity, or of that arity and more when it has a `variadic` parameter type. */
export interface CesqlFunction {
  /** What the arguments are cast to; `Any` takes them as they are. */
  readonly parameters: readonly (Type | 'Any')[]
  readonly variadic?: Type
  readonly returns: Type
  readonly run: (args: readonly Value[]) => Returned
}

/** The overload for a number of arguments; undefined means a missing function error. */
export function findFunction(name: string, arity: number): CesqlFunction | undefined {
  return FUNCTIONS.get(name)?.find(({ parameters, variadic }) =>
    variadic ? arity >= parameters.length : arity === parameters.length,
  )
}

/**
 * Makes a function known to all expressions, in place of one with as many parameters.
 * @throws TypeError when the name is none, or when calls could not be told apart (3.5)
 */
export function addFunction(name: string, added: CesqlFunction): void {
  if (!FUNCTION_NAME.test(name))
    throw new TypeError(`"name" must be upper case letters and underscores, got "${name}"`)
  const others = (FUNCTIONS.get(name) ?? []).filter(
    ({ parameters }) => parameters.length !== added.parameters.length,
  )
  // The variadic one, of which there may be one, is the one with the most fixed parameters.
  const overloads = [...others, added].sort((a, b) => a.parameters.length - b.parameters.length)
  if (overloads.slice(0, -1).some(({ variadic }) => variadic))
    throw new TypeError(`"parameters" must tell the function from others called ${name}`)
  FUNCTIONS.set(name, [...others, added])
}

/** The longest string that a function makes; what would be longer is a function evaluation error. */
export const MAX_STRING_LENGTH: number = 4_194_304

const FUNCTIONS = new Map<string, readonly CesqlFunction[]>([
  ['LENGTH', [{ parameters: ['String'], returns: 'Integer', run: texts(x => length(x)) }]],
  ['CONCAT', [{ parameters: [], variadic: 'String', returns: 'String', run: join('') }]],
  [
    'CONCAT_WS',
    [
      {
        parameters: ['String'],
        variadic: 'String',
        returns: 'String',
        run: ([delimiter, ...rest]) => join(String(delimiter))(rest),
      },
    ],
  ],
  ['LOWER', [{ parameters: ['String'], returns: 'String', run: texts(x => x.toLowerCase()) }]],
  ['UPPER', [{ parameters: ['String'], returns: 'String', run: texts(x => x.toUpperCase()) }]],
  ['TRIM', [{ parameters: ['String'], returns: 'String', run: texts(trim) }]],
  ['LEFT', [{ parameters: ['String', 'Integer'], returns: 'String', run: end(left) }]],
  ['RIGHT', [{ parameters: ['String', 'Integer'], returns: 'String', run: end(right) }]],
  [
    'SUBSTRING',
    [
      { parameters: ['String', 'Integer'], returns: 'String', run: substring },
      { parameters: ['String', 'Integer', 'Integer'], returns: 'String', run: substring },
    ],
  ],
  ['ABS', [{ parameters: ['Integer'], returns: 'Integer', run: ([x]) => absolute(Number(x)) }]],
  ['INT', [{ parameters: ['Any'], returns: 'Integer', run: casting(toInteger, 0) }]],
  ['BOOL', [{ parameters: ['Any'], returns: 'Boolean', run: casting(toBoolean, false) }]],
  ['STRING', [{ parameters: ['Any'], returns: 'String', run: casting(toText, '') }]],
])

const FUNCTION_NAME = /^[A-Z][A-Z_]*$/
const FAILED: Returned = { value: '', error: 'functionEvaluation' }
const MIN_INTEGER = -2_147_483_648
const MAX_INTEGER = 2_147_483_647

function texts(map: (text: string) => Value): CesqlFunction['run'] {
  return ([text]) => ({ value: map(String(text)) })
}

function casting(to: (value: Value) => Value | undefined, zero: Value): CesqlFunction['run'] {
  return ([value = zero]) => {
    const result = to(value)
    return result === undefined ? { value: zero, error: 'cast' } : { value: result }
  }
}

function join(delimiter: string): CesqlFunction['run'] {
  return parts => {
    const gaps = delimiter.length * Math.max(0, parts.length - 1)
    const total = parts.reduce<number>((sum, part) => sum + String(part).length, gaps)
    return total > MAX_STRING_LENGTH ? FAILED : { value: parts.join(delimiter) }
  }
}

/** `LEFT` and `RIGHT`: a negative count gives the whole string, with an error. */
function end(take: (text: string, count: number) => string): CesqlFunction['run'] {
  return ([x, y]) => {
    const text = String(x)
    const count = Number(y)
    return count < 0 ? { value: text, error: 'functionEvaluation' } : { value: take(text, count) }
  }
}

function left(text: string, count: number): string {
  return slice(text, 0, count)
}

function right(text: string, count: number): string {
  return slice(text, Math.max(0, length(text) - count))
}

/** Characters count from 1, a negative position from the end; 0 is no position, so nothing is there. */
function substring([x, y, z]: readonly Value[]): Returned {
  const text = String(x)
  const position = Number(y)
  const count = z === undefined ? Number.POSITIVE_INFINITY : Number(z)
  const size = length(text)
  if (count < 0 || Math.abs(position) > size) return FAILED
  if (position === 0) return { value: '' }
  const start = position < 0 ? size + position : position - 1
  return { value: slice(text, start, start + count) }
}

function absolute(value: number): Returned {
  // The one integer whose opposite does not fit into 32 bits.
  if (value === MIN_INTEGER) return { value: MAX_INTEGER, error: 'math' }
  return { value: Math.abs(value) }
}
