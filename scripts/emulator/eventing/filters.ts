/** Whether a trigger wants an event, and if not, which attribute stood in the way. */

import type { FilterExpression, TriggerResource } from '../manifests/types.ts'
import { type CesqlFilter, describeMistake, judge } from './cesql/filter.ts'
import { type AttributeValue, attribute, type CloudEvent, text } from './event.ts'
import { toUtc } from './event-time.ts'

/** The first condition that failed; `passed` counts those that held, so that the nearest miss can be found. */
export interface Mismatch {
  readonly matched: false
  readonly attribute: string
  readonly wanted: string
  readonly got: string
  readonly passed: number
}

/** The answer of `match`. */
export type Match = { readonly matched: true } | Mismatch

/**
 * `filters`, when not empty, overrides the legacy `filter`; no filter at all wants every event.
 * `warn` hears, once for each filter, of a mistake that shows only with an event.
 */
export function match(
  trigger: Pick<TriggerResource, 'filter' | 'filters'>,
  event: CloudEvent,
  warn?: Warn,
): Match {
  if (trigger.filters && trigger.filters.length > 0) return matchAll(trigger.filters, event, warn)
  return matchPairs(trigger.filter ?? {}, event, legacyTest)
}

/**
 * Parses the CESQL expressions of filters, once for all events.
 * @throws TypeError that says which one is wrong and where
 */
export function assertFilters(filters: readonly FilterExpression[] = []): void {
  for (const filter of filters) {
    if ('cesql' in filter) {
      const problem = describeMistake(filter)
      if (problem !== undefined) throw new TypeError(`"cesql" ${problem}`)
    } else assertFilters(nested(filter))
  }
}

type Warn = (message: string) => void

interface Test {
  holds: (value: AttributeValue | undefined, wanted: string) => boolean
  wanted: (value: string) => string
}

const MATCHED: Match = { matched: true }

/** An empty string asks for presence; only a string equals a string (`attributes/filter.go`, raw comparison). */
const legacyTest: Test = {
  holds: (value, wanted) =>
    wanted === '' ? value !== undefined && value !== '' : value === wanted,
  wanted: value => (value === '' ? 'any value' : value),
}

const DIALECTS: Record<'exact' | 'prefix' | 'suffix', Test> = {
  exact: {
    holds: (value, wanted) => value !== undefined && String(value) === wanted,
    wanted: value => value,
  },
  prefix: {
    holds: (value, wanted) => value !== undefined && String(value).startsWith(wanted),
    wanted: value => `${value}…`,
  },
  suffix: {
    holds: (value, wanted) => value !== undefined && String(value).endsWith(wanted),
    wanted: value => `…${value}`,
  },
}

function evaluate(filter: FilterExpression, event: CloudEvent, warn?: Warn): Match {
  if ('all' in filter) return matchAll(filter.all, event, warn)
  if ('any' in filter) return matchAny(filter.any, event, warn)
  if ('not' in filter) return matchNot(filter.not, event, warn)
  if ('exact' in filter) return matchDialect('exact', filter.exact, event)
  if ('prefix' in filter) return matchDialect('prefix', filter.prefix, event)
  if ('suffix' in filter) return matchDialect('suffix', filter.suffix, event)
  if ('cesql' in filter) return matchCesql(filter, event, warn)
  // `{}` has no dialect: NoFilter in the implementation, which delivers.
  return MATCHED
}

/** An empty name or value makes the implementation skip the filter instead of failing it. */
function isSkipped(filter: FilterExpression): boolean {
  const pairs =
    'exact' in filter
      ? filter.exact
      : 'prefix' in filter
        ? filter.prefix
        : 'suffix' in filter
          ? filter.suffix
          : undefined
  if (pairs) return Object.entries(pairs).some(([name, value]) => name === '' || value === '')
  if ('not' in filter) return isSkipped(filter.not)
  return Object.keys(filter).length === 0
}

function matchDialect(
  dialect: 'exact' | 'prefix' | 'suffix',
  pairs: Readonly<Record<string, string>>,
  event: CloudEvent,
): Match {
  return matchPairs(pairs, event, DIALECTS[dialect])
}

function matchPairs(pairs: Readonly<Record<string, string>>, event: CloudEvent, test: Test): Match {
  let miss: Omit<Mismatch, 'passed'> | undefined
  let passed = 0
  for (const [name, wanted] of Object.entries(pairs)) {
    const value = lookup(event, name)
    if (test.holds(value, wanted)) passed += 1
    else miss ??= { matched: false, attribute: name, wanted: test.wanted(wanted), got: show(value) }
  }
  return miss ? { ...miss, passed } : MATCHED
}

function matchCesql(filter: CesqlFilter, { attributes }: CloudEvent, warn?: Warn): Match {
  const { holds, got } = judge(filter, attributes, warn)
  if (holds) return MATCHED
  return { matched: false, attribute: 'cesql', wanted: filter.cesql, got, passed: 0 }
}

function matchAll(filters: readonly FilterExpression[], event: CloudEvent, warn?: Warn): Match {
  let miss: Mismatch | undefined
  let passed = 0
  for (const filter of filters) {
    const result = isSkipped(filter) ? MATCHED : evaluate(filter, event, warn)
    if (result.matched) passed += 1
    else {
      passed += result.passed
      miss ??= result
    }
  }
  return miss ? { ...miss, passed } : MATCHED
}

function matchAny(filters: readonly FilterExpression[], event: CloudEvent, warn?: Warn): Match {
  const real = filters.filter(filter => !isSkipped(filter))
  let nearest: Mismatch | undefined
  for (const filter of real) {
    const result = evaluate(filter, event, warn)
    if (result.matched) return MATCHED
    if (!nearest || result.passed > nearest.passed) nearest = result
  }
  return nearest ?? MATCHED
}

function matchNot(filter: FilterExpression, event: CloudEvent, warn?: Warn): Match {
  if (isSkipped(filter) || !evaluate(filter, event, warn).matched) return MATCHED
  const [name, wanted] = firstPair(filter)
  return {
    matched: false,
    attribute: name,
    wanted: `not ${wanted}`,
    got: 'cesql' in filter ? 'true' : name === '' ? '' : show(lookup(event, name)),
    passed: 0,
  }
}

/** The filters inside a filter. */
function nested(filter: FilterExpression): readonly FilterExpression[] {
  if ('all' in filter) return filter.all
  if ('any' in filter) return filter.any
  return 'not' in filter ? [filter.not] : []
}

function firstPair(filter: FilterExpression): [string, string] {
  if ('cesql' in filter) return ['cesql', filter.cesql]
  for (const dialect of ['exact', 'prefix', 'suffix'] as const) {
    const pairs =
      dialect in filter
        ? (filter as Record<string, Readonly<Record<string, string>>>)[dialect]
        : undefined
    const [name, value] = Object.entries(pairs ?? {})[0] ?? []
    if (name !== undefined && value !== undefined) return [name, DIALECTS[dialect].wanted(value)]
  }
  for (const inner of nested(filter)) {
    const pair = firstPair(inner)
    if (pair[0] !== '') return pair
  }
  return ['', 'the filter']
}

/** `LookupAttribute`: specified attributes are always there (absent is ""), and three have a second name. */
function lookup(event: CloudEvent, name: string): AttributeValue | undefined {
  if (name === 'time') return toUtc(text(event, 'time'))
  if (name === 'schemaurl') return text(event, 'dataschema')
  if (name === 'datamediatype') return text(event, 'datacontenttype').split(';', 1)[0]?.trim()
  if (SPECIFIED.has(name)) return text(event, name)
  return attribute(event, name)
}

const SPECIFIED = new Set([
  'specversion',
  'type',
  'source',
  'subject',
  'id',
  'dataschema',
  'datacontenttype',
  'datacontentencoding',
])

const show = (value: AttributeValue | undefined): string =>
  value === undefined || value === '' ? 'nothing' : String(value)
