import { expect, it } from 'vitest'
import { compile, evaluate } from '../../../../../scripts/emulator/eventing/cesql/index.ts'

const LONGEST = 65_536
const DEEPEST = 100

const message = (expression: string): string => {
  const compiled = compile(expression)
  return 'error' in compiled ? compiled.message : ''
}

const bracketed = (open: string, depth: number): string =>
  `${open.repeat(depth)}1${')'.repeat(depth)}`

it('takes an expression of 65,536 characters and no longer one', () => {
  const longest = `'${'a'.repeat(LONGEST - 2)}'`
  expect(evaluate(longest, {})).toEqual({ value: 'a'.repeat(LONGEST - 2) })
  expect(message(`${longest} `)).toBe('at most 65536 characters, got 65537')
})

it.each(['(', '1 + (', 'ABS(', '1 AND 1 NOT IN (1, ', 'NOT -('])(
  'nests %s a hundred times and not once more',
  open => {
    expect(message(bracketed(open, DEEPEST))).toBe('')
    expect(evaluate(bracketed(open, DEEPEST), {}).error).toBeUndefined()
    expect(message(bracketed(open, DEEPEST + 1))).toBe('at most 100 nested brackets, got more')
  },
)

it('counts brackets that are open, not all there are', () => {
  expect(evaluate(`(1)${' + (1)'.repeat(1_000)}`, {})).toEqual({ value: 1_001 })
})

it.each<[string, string, unknown]>([
  ['NOT', `${'NOT '.repeat(16_000)}TRUE`, true],
  ['signs', `${'- '.repeat(32_001)}1`, -1],
  ['sums', `1${' + 1'.repeat(16_000)}`, 16_001],
  ['products', `1${' * -1'.repeat(13_001)}`, -1],
  ['comparisons', `1${' = 1'.repeat(16_000)}`, true],
  ['AND', `TRUE${' AND TRUE'.repeat(7_000)}`, true],
  ['OR', `FALSE${' OR FALSE'.repeat(6_500)} OR TRUE`, true],
  ['XOR', `TRUE${' XOR TRUE'.repeat(7_000)}`, true],
  ['LIKE', `'a'${" LIKE '%'".repeat(7_000)}`, true],
  ['IN', `1${' IN (1)'.repeat(8_000)}`, true],
  ['elements', `7 IN (0${',0'.repeat(30_000)},7)`, true],
  ['arguments', `LENGTH(CONCAT(0${',0'.repeat(30_000)}))`, 30_001],
])('takes long chains of %s', (_, expression, value) => {
  expect(evaluate(expression, {})).toEqual({ value })
})

it('does not make strings without end', () => {
  const event = { page: 'x'.repeat(1_000_000) }
  expect(evaluate(`CONCAT(page${', page'.repeat(3)})`, event).error).toBeUndefined()
  expect(evaluate(`CONCAT(page${', page'.repeat(4)})`, event)).toEqual({
    value: '',
    error: 'functionEvaluation',
  })
  expect(evaluate(`CONCAT_WS(page${', 1'.repeat(20)})`, event)).toEqual({
    value: '',
    error: 'functionEvaluation',
  })
})

it('answers hostile expressions in the time that an ordinary long one takes', () => {
  const ordinary = cost(`1${' + 1'.repeat(16_000)}`)
  const page = 'a'.repeat(250_000)
  const hostile: [string, Record<string, unknown>?][] = [
    ['1+'.repeat(500_000)],
    ['('.repeat(1_000_000)],
    ['"'.repeat(1_000_000)],
    ['('.repeat(LONGEST)],
    ['('.repeat(99) + '1+'.repeat(30_000)],
    [`"${'\\"'.repeat(32_000)}`],
    [`${'"'.repeat(LONGEST - 1)}`],
    [`'${"''".repeat(32_000)}`],
    ['#'.repeat(LONGEST)],
    [`${'a_'.repeat(32_000)}1`],
    ['9'.repeat(LONGEST)],
    ['1a'.repeat(32_000)],
    [`${'NOT '.repeat(16_000)}`],
    [`ABS(${'1,'.repeat(30_000)}`],
    [`'${'a'.repeat(32_000)}' LIKE '${'%a'.repeat(16_000)}b'`],
    [`'${'a'.repeat(32_000)}' LIKE '%${'a_'.repeat(2_000)}b%'`],
    [`page LIKE '${'%a'.repeat(30_000)}%b%'`, { page }],
    [`page LIKE '%${'a'.repeat(4_000)}b%'`, { page }],
    [`TRIM(page) LIKE 'a%'`, { page: ' '.repeat(250_000) }],
    [`INT(page)`, { page: '9'.repeat(250_000) }],
  ]
  const slow = hostile
    .map(([expression, event]) => ({
      expression: expression.slice(0, 40),
      ratio: cost(expression, event) / ordinary,
    }))
    .filter(({ ratio }) => ratio > 40)
  expect(slow).toEqual([])
})

/** The best of three, so that a busy machine does not count. */
function cost(expression: string, event: Record<string, unknown> = {}): number {
  const times = [1, 2, 3].map(() => {
    const start = performance.now()
    evaluate(expression, event)
    return performance.now() - start
  })
  return Math.min(...times)
}
