import fc from 'fast-check'
import { expect, it } from 'vitest'
import { evaluate } from '../../../../../scripts/emulator/eventing/cesql/index.ts'
import { judge, type Node, print } from './model.ts'

const SEED = { seed: 20_260_203 }

const EVENT = {
  id: 'a',
  hop: '5',
  ttl: '-3',
  urgent: true,
  quiet: false,
  region: 'a%b',
  word: 'TRUE',
}

const letters = fc
  .array(fc.constantFrom('a', 'b', '%', '_', '1', 'é', '🦊'), { maxLength: 6 })
  .map(parts => parts.join(''))
const pattern = fc
  .array(fc.constantFrom('a', 'b', '%', '_', '\\%', '\\_', '🦊'), { maxLength: 8 })
  .map(parts => parts.join(''))
const name = fc.constantFrom('id', 'hop', 'ttl', 'urgent', 'quiet', 'region', 'word', 'missing')
const integer = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.constantFrom(2_147_483_647, -2_147_483_648, 65_536),
)
const text = fc.oneof(letters, fc.constantFrom('true', 'False', '12', '-1', '2147483648', ''))
const sign = fc.constantFrom(
  ...['AND', 'OR', 'XOR', '=', '!=', '<>', '<', '<=', '>', '>=', '+', '-', '*', '/', '%'],
)

const { node } = fc.letrec<{ node: Node; leaf: Node; branch: Node }>(tie => {
  const child = tie('node')
  const children = fc.array(child, { minLength: 1, maxLength: 3 })
  return {
    node: fc.oneof({ maxDepth: 5 }, tie('leaf'), tie('branch')),
    leaf: fc.oneof(
      fc.record({ is: fc.constant('bool' as const), value: fc.boolean() }),
      fc.record({ is: fc.constant('int' as const), value: integer }),
      fc.record({ is: fc.constant('text' as const), value: text }),
      fc.record({ is: fc.constant('name' as const), name }),
      fc.record({ is: fc.constant('exists' as const), name }),
    ),
    branch: fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          is: fc.constant('binary' as const),
          sign,
          left: child,
          right: child,
        }),
      },
      fc.record({ is: fc.constantFrom('not' as const, 'minus' as const), of: child }),
      fc.record({ is: fc.constant('like' as const), of: child, pattern, not: fc.boolean() }),
      fc.record({ is: fc.constant('in' as const), of: child, set: children, not: fc.boolean() }),
      fc.record({
        is: fc.constant('call' as const),
        name: fc.constantFrom('LENGTH', 'UPPER', 'INT', 'BOOL', 'STRING'),
        args: fc.tuple(child),
      }),
      fc.record({ is: fc.constant('call' as const), name: fc.constant('CONCAT'), args: children }),
      fc.record({ is: fc.constant('call' as const), name: fc.constant('NOWHERE'), args: children }),
      fc.record({
        is: fc.constant('call' as const),
        name: fc.constant('LEFT'),
        args: fc.tuple(child, child),
      }),
    ),
  }
})

it.each(['few', 'all'] as const)(
  'agrees with a naive evaluator, printed with %s brackets',
  mode => {
    fc.assert(
      fc.property(node, tree => {
        expect(evaluate(print(tree, mode), EVENT)).toEqual(judge(tree, EVENT))
      }),
      { ...SEED, numRuns: 2_000 },
    )
  },
)

it('matches patterns as the naive evaluator does', () => {
  const word = fc.array(fc.constantFrom('a', 'b', '🦊'), { maxLength: 12 })
  fc.assert(
    fc.property(word, pattern, (parts, wanted) => {
      const tree: Node = {
        is: 'like',
        of: { is: 'text', value: parts.join('') },
        pattern: wanted,
        not: false,
      }
      expect(evaluate(print(tree, 'few'), {})).toEqual(judge(tree, {}))
    }),
    { ...SEED, numRuns: 2_000 },
  )
})

it('gives a value or an error for any string and any event', () => {
  const soup = fc
    .array(
      fc.constantFrom(
        ...['AND', 'or', 'XOR', 'NOT', 'LIKE', 'IN', 'EXISTS', 'TRUE', 'false', '(', ')', ','],
        ...['=', '!=', '<>', '<', '>=', '+', '-', '*', '/', '%', "'a%'", '"b"', "'", '"', '\\'],
        ...[
          '1',
          '-1',
          '99999999999',
          'hop',
          'ABS',
          'CONCAT',
          'LEFT(',
          '_',
          '#',
          '\n',
          '🦊',
          '\ud800',
        ],
      ),
      { maxLength: 40 },
    )
    .chain(parts => fc.constantFrom('', ' ').map(blank => parts.join(blank)))
  const any = fc.oneof(soup, fc.string({ unit: 'binary', maxLength: 200 }), fc.string())
  fc.assert(
    fc.property(
      any,
      fc.dictionary(fc.constantFrom('hop', 'a', 'b'), fc.anything()),
      (input, event) => {
        const { value, error } = evaluate(input, event)
        expect(['boolean', 'number', 'string']).toContain(typeof value)
        if (typeof value === 'number') expect(Object.is(value | 0, value)).toBe(true)
        if (error === 'parse') expect(value).toBe(false)
      },
    ),
    { ...SEED, numRuns: 5_000 },
  )
})
