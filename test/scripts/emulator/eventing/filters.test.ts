import { describe, expect, it } from 'vitest'
import { assertFilters, match } from '../../../../scripts/emulator/eventing/filters.ts'
import type { FilterExpression } from '../../../../scripts/emulator/manifests/types.ts'
import { event } from './fixture.ts'

const ORDER = event({
  type: 'order.placed',
  source: '/shop/eu',
  region: 'eu',
  count: 3,
  empty: '',
  time: '2026-01-01T01:00:00.500+01:00',
  datacontenttype: 'application/json; charset=utf-8',
})

describe('the legacy filter', () => {
  it.each([
    [{}, true],
    [{ type: 'order.placed' }, true],
    [{ type: 'order.placed', region: 'eu' }, true],
    [{ type: 'order.placed', region: 'us' }, false],
    [{ type: 'Order.placed' }, false],
    [{ region: '' }, true],
    [{ subject: '' }, false],
    [{ empty: '' }, false],
    [{ missing: '' }, false],
    [{ count: '3' }, false],
    [{ count: '' }, true],
    [{ constructor: '' }, false],
  ])('%j matches: %s', (filter, expected) => {
    expect(match({ filter }, ORDER).matched).toBe(expected)
  })
})

describe('the dialects', () => {
  const table: [FilterExpression | Record<string, never>, boolean][] = [
    [{ exact: { type: 'order.placed', region: 'eu' } }, true],
    [{ exact: { type: 'order.placed', region: 'us' } }, false],
    [{ exact: { count: '3' } }, true],
    [{ exact: { missing: 'x' } }, false],
    [{ exact: { region: '' } }, true],
    [{ exact: { time: '2026-01-01T00:00:00.5Z' } }, true],
    [{ exact: { datamediatype: 'application/json' } }, true],
    [{ prefix: { type: 'order.' } }, true],
    [{ prefix: { type: 'placed' } }, false],
    [{ suffix: { source: '/eu' } }, true],
    [{ suffix: { source: '/us' } }, false],
    [{ all: [{ exact: { region: 'eu' } }, { prefix: { type: 'order' } }] }, true],
    [{ all: [{ exact: { region: 'eu' } }, { prefix: { type: 'x' } }] }, false],
    [{ all: [] }, true],
    [{ any: [{ exact: { region: 'us' } }, { suffix: { type: 'placed' } }] }, true],
    [{ any: [{ exact: { region: 'us' } }, { suffix: { type: 'x' } }] }, false],
    [{ not: { exact: { region: 'us' } } }, true],
    [{ not: { exact: { region: 'eu' } } }, false],
    [{ not: { not: { exact: { region: 'eu' } } } }, true],
    [{ not: { any: [{ exact: { region: 'eu' } }] } }, false],
    [{}, true],
    [{ not: {} as FilterExpression }, true],
  ]
  it.each(table)('%j matches: %s', (filter, expected) => {
    expect(match({ filters: [filter as FilterExpression] }, ORDER).matched).toBe(expected)
  })

  it('override the legacy filter when there are any, and are all needed', () => {
    const filter = { type: 'other' }
    expect(match({ filter, filters: [{ exact: { region: 'eu' } }] }, ORDER).matched).toBe(true)
    expect(match({ filter, filters: [] }, ORDER).matched).toBe(false)
    expect(
      match({ filters: [{ exact: { region: 'eu' } }, { prefix: { id: 'no' } }] }, ORDER).matched,
    ).toBe(false)
  })
})

describe('a miss', () => {
  it.each([
    [
      { filter: { type: 'order.placed', region: 'us' } },
      { attribute: 'region', wanted: 'us', got: 'eu', passed: 1 },
    ],
    [
      { filter: { missing: '' } },
      { attribute: 'missing', wanted: 'any value', got: 'nothing', passed: 0 },
    ],
    [
      { filters: [{ prefix: { type: 'pay' } }] },
      { attribute: 'type', wanted: 'pay…', got: 'order.placed', passed: 0 },
    ],
    [
      { filters: [{ not: { exact: { region: 'eu' } } }] },
      { attribute: 'region', wanted: 'not eu', got: 'eu', passed: 0 },
    ],
    [
      { filters: [{ any: [{ exact: { region: 'us' } }, { exact: { region: 'eu', type: 'x' } }] }] },
      { attribute: 'type', wanted: 'x', got: 'order.placed', passed: 1 },
    ],
  ])('of %j says which attribute differed', (trigger, miss) => {
    expect(match(trigger as Parameters<typeof match>[0], ORDER)).toEqual({
      matched: false,
      ...miss,
    })
  })
})

describe('a CESQL filter', () => {
  const matches = (filter: FilterExpression): boolean => match({ filters: [filter] }, ORDER).matched

  it.each<[FilterExpression, boolean]>([
    [{ cesql: "type = 'order.placed' AND region IN ('eu', 'us')" }, true],
    [{ cesql: "type LIKE 'invoice.%'" }, false],
    [{ cesql: 'count + 1 = 4' }, true],
    [{ cesql: 'EXISTS missing' }, false],
    [{ cesql: "time = '2026-01-01T00:00:00.5Z'" }, true],
    [{ not: { cesql: "region = 'us'" } }, true],
    [{ any: [{ exact: { region: 'us' } }, { cesql: 'TRUE' }] }, true],
    [{ all: [{ exact: { region: 'eu' } }, { cesql: 'FALSE' }] }, false],
  ])('%j matches: %s', (filter, expected) => {
    expect(matches(filter)).toBe(expected)
  })

  it.each([
    ["region = 'us'", 'false'],
    ['missing = 1', 'a missingAttribute error: the event has no missing'],
    ['1 / 0 = 1', 'a math error: 1 / 0 failed'],
    ['region = 1', 'a cast error: "eu" = 1 failed'],
    ['NOWHERE()', 'a missingFunction error: there is no function NOWHERE of 0 parameters'],
    ["LEFT(region, -1) = 'e'", 'a functionEvaluation error: LEFT("eu", -1) failed'],
    ['count + 1', 'the Integer 4'],
    ['region', 'the String "eu"'],
    ['1 +', 'a parse error: unexpected end'],
  ])('that is not true does not match, and says why: %s', (cesql, got) => {
    expect(match({ filters: [{ cesql }] }, ORDER)).toEqual({
      matched: false,
      attribute: 'cesql',
      wanted: cesql,
      got,
      passed: 0,
    })
  })

  it('that is turned over says what it did not want', () => {
    expect(match({ filters: [{ not: { cesql: "region = 'eu'" } }] }, ORDER)).toEqual({
      matched: false,
      attribute: 'cesql',
      wanted: "not region = 'eu'",
      got: 'true',
      passed: 0,
    })
  })

  it('that comes to no boolean warns once', () => {
    const warnings: string[] = []
    const trigger = { filters: [{ all: [{ cesql: 'region' }] }] }
    match(trigger, ORDER, message => warnings.push(message))
    match(trigger, ORDER, message => warnings.push(message))
    expect(warnings).toEqual([
      'cesql region must be a Boolean, got the String "eu": Knative\'s filter fails on it',
    ])
  })

  it('that cannot be parsed is refused at any depth, with its place', () => {
    const good = { cesql: "type = 'x'" }
    expect(() => assertFilters([{ exact: { a: 'b' } }, { any: [{ not: good }] }])).not.toThrow()
    expect(() => assertFilters([good, { all: [{ not: { cesql: 'type = ' } }] }])).toThrow(
      new TypeError(
        '"cesql" must be a CESQL expression, got "type = ": unexpected end at character 8',
      ),
    )
  })
})
