/** The `cesql` dialect of filters: an expression that must be true, parsed once for each filter. */

import type { Attributes } from '../event.ts'
import { toUtc } from '../event-time.ts'
import { type Compiled, compile, type ParseFailure } from './index.ts'
import { typeOf } from './value.ts'

/** A filter of this dialect, as it stands in a trigger. */
export interface CesqlFilter {
  readonly cesql: string
}

/** Whether an event passes; `got` says what the expression came to instead. */
export interface Judgement {
  readonly holds: boolean
  readonly got: string
}

/** What is wrong with an expression, after its field's name; undefined when nothing is. */
export function describeMistake(filter: CesqlFilter): string | undefined {
  const expression = compiled(filter)
  if (!('error' in expression)) return undefined
  const { message, offset } = expression
  const text = filter.cesql.length > 80 ? `${filter.cesql.slice(0, 80)}…` : filter.cesql
  return `must be a CESQL expression, got ${JSON.stringify(text)}: ${message} at character ${offset + 1}`
}

/** An error or a value that is no Boolean lets nothing pass (CESQL 1.0, 1.2); of the latter `warn` hears once. */
export function judge(
  filter: CesqlFilter,
  attributes: Readonly<Attributes>,
  warn?: (message: string) => void,
): Judgement {
  const expression = compiled(filter)
  if ('error' in expression) return { holds: false, got: `a parse error: ${expression.message}` }
  const { value, error, reason } = expression.explain(asGo(attributes))
  if (error) return { holds: false, got: `a ${error} error: ${reason}` }
  if (typeof value === 'boolean') return { holds: value, got: String(value) }
  const got = `the ${typeOf(value)} ${JSON.stringify(value)}`
  if (warn && !warned.has(filter)) {
    warned.add(filter)
    warn(`cesql ${filter.cesql} must be a Boolean, got ${got}: Knative's filter fails on it`)
  }
  return { holds: false, got }
}

/** A filter object lives as long as its trigger is applied as it is. */
const expressions = new WeakMap<CesqlFilter, Compiled | ParseFailure>()
const warned = new WeakSet<CesqlFilter>()

function compiled(filter: CesqlFilter): Compiled | ParseFailure {
  const known = expressions.get(filter)
  if (known) return known
  const expression = compile(filter.cesql)
  expressions.set(filter, expression)
  return expression
}

/** The broker has passed the event on in its own writing of times. */
function asGo(attributes: Readonly<Attributes>): Readonly<Attributes> {
  const { time } = attributes
  return typeof time === 'string' ? { ...attributes, time: toUtc(time) } : attributes
}
