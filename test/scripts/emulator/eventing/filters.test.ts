import { describe, expect, it } from 'vitest'
import { findCesql, match } from '../../../../scripts/emulator/eventing/filters.ts'
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

it('finds a CESQL expression at any depth', () => {
  expect(findCesql([{ exact: { a: 'b' } }, { all: [{ not: { cesql: "type = 'x'" } }] }])).toBe(
    "type = 'x'",
  )
  expect(findCesql([{ any: [{ exact: { a: 'b' } }] }])).toBeUndefined()
})
