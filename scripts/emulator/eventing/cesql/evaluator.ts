/**
 * Evaluates a tree against an event.
 *
 * The first error ends the evaluation: what encloses it yields the zero value of its own type, as the
 * fail fast mode of CESQL 1.0 (4.1) and the implementation in Knative do. So `missing != 2` is false.
 */

import type { Call, Chain, Expression, Logic, Step, Steps } from './ast.ts'
import { hasAttribute, readAttribute } from './attributes.ts'
import { cast, toBoolean, toInteger, toText } from './cast.ts'
import { findFunction } from './functions.ts'
import { type ErrorKind, type Result, type Type, typeOf, type Value, ZERO } from './value.ts'

/** A result with the reason of its error. */
export interface Explained extends Result {
  readonly reason?: string
}

/** The value of the expression, and the error that it met. */
export function run(expression: Expression, event: Readonly<Record<string, unknown>>): Explained {
  const scope: Scope = { event }
  const value = visit(expression, scope)
  return { value, ...scope.error }
}

/** One evaluation; once `error` is set nothing more is evaluated. */
interface Scope {
  readonly event: Readonly<Record<string, unknown>>
  error?: { readonly error: ErrorKind; readonly reason: string }
}

function visit(expression: Expression, scope: Scope): Value {
  switch (expression.kind) {
    case 'literal':
      return expression.value
    case 'attribute':
      // Its type is not known, and then Boolean is assumed (3.3).
      return (
        readAttribute(scope.event, expression.name) ??
        fail(scope, 'missingAttribute', ZERO.Boolean, `the event has no ${expression.name}`)
      )
    case 'exists':
      return hasAttribute(scope.event, expression.name)
    case 'call':
      return call(expression, scope)
    case 'steps':
      return steps(expression, scope)
    case 'chain':
      return chain(expression, scope)
    case 'logic':
      return logic(expression, scope)
  }
}

function fail<Zero extends Value>(
  scope: Scope,
  error: ErrorKind,
  zero: Zero,
  reason: string,
): Zero {
  scope.error = { error, reason }
  return zero
}

function failCast<Zero extends Value>(scope: Scope, value: Value, type: Type, zero: Zero): Zero {
  return fail(scope, 'cast', zero, `${show(value)} cannot be cast to ${type}`)
}

const show = (value: Value): string => {
  const text = JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}

function call({ name, args }: Call, scope: Scope): Value {
  const target = findFunction(name, args.length)
  if (!target) {
    const reason = `there is no function ${name} of ${args.length} parameters`
    return fail(scope, 'missingFunction', ZERO.Boolean, reason)
  }
  const zero = ZERO[target.returns]
  const values: Value[] = []
  for (const [index, arg] of args.entries()) {
    const value = visit(arg, scope)
    if (scope.error) return zero
    const type = target.parameters[index] ?? target.variadic ?? 'Any'
    const argument = type === 'Any' ? value : cast(value, type)
    if (type !== 'Any' && argument === undefined) return failCast(scope, value, type, zero)
    values.push(argument ?? value)
  }
  const { value, error } = target.run(values)
  return error ? fail(scope, error, value, `${name}(${values.map(show).join(', ')}) failed`) : value
}

/** `Same as NOT (x LIKE pattern)`: so after an error `NOT` yields its own zero value, false. */
function steps({ operand, steps }: Steps, scope: Scope): Value {
  let value = visit(operand, scope)
  for (const step of steps) value = take(step, value, scope)
  return value
}

function take(step: Step, value: Value, scope: Scope): Value {
  if (scope.error) return step.kind === 'negate' ? ZERO.Integer : ZERO.Boolean
  switch (step.kind) {
    case 'not': {
      const boolean = toBoolean(value)
      return boolean === undefined ? failCast(scope, value, 'Boolean', ZERO.Boolean) : !boolean
    }
    case 'negate': {
      const integer = toInteger(value)
      return integer === undefined ? failCast(scope, value, 'Integer', ZERO.Integer) : -integer | 0
    }
    case 'like':
      return step.matches(toText(value)) !== step.negated
    case 'in': {
      const found = isIn(value, step.set, scope)
      return scope.error ? ZERO.Boolean : found !== step.negated
    }
  }
}

/** Elements after the one that is equal are not evaluated; each is cast to the type of the left side. */
function isIn(value: Value, set: readonly Expression[], scope: Scope): boolean {
  for (const expression of set) {
    const element = visit(expression, scope)
    if (scope.error) return false
    const same = cast(element, typeOf(value))
    if (same === undefined) return failCast(scope, element, typeOf(value), ZERO.Boolean)
    if (same === value) return true
  }
  return false
}

function chain({ first, rest }: Chain, scope: Scope): Value {
  let left = visit(first, scope)
  for (const { symbol, operator, operand } of rest) {
    if (scope.error) return operator.zero
    const right = visit(operand, scope)
    if (scope.error) return operator.zero
    const outcome = operator.apply(left, right)
    left =
      'error' in outcome
        ? fail(scope, outcome.error, operator.zero, `${show(left)} ${symbol} ${show(right)} failed`)
        : outcome.value
  }
  return left
}

/** `a XOR rest` is `rest` turned over when `a` is true, so the right-associative chain needs no recursion. */
function logic({ first, rest }: Logic, scope: Scope): boolean {
  let operand = first
  let turned = false
  for (const link of rest) {
    const left = truth(operand, scope)
    if (scope.error) return ZERO.Boolean
    if (link.operator === 'AND' && !left) return turned
    if (link.operator === 'OR' && left) return !turned
    if (link.operator === 'XOR' && left) turned = !turned
    operand = link.operand
  }
  const last = truth(operand, scope)
  return scope.error ? ZERO.Boolean : last !== turned
}

function truth(expression: Expression, scope: Scope): boolean {
  const value = visit(expression, scope)
  if (scope.error) return ZERO.Boolean
  return toBoolean(value) ?? failCast(scope, value, 'Boolean', ZERO.Boolean)
}
