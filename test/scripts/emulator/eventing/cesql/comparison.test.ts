import { it } from 'vitest'
import { expectCases } from './cases.ts'

it('compares equal types', () => {
  expectCases([
    ['1 = 1', true],
    ['1 = 2', false],
    ["'a' = 'a'", true],
    ["'a' = 'A'", false],
    ["'' = ''", true],
    ['TRUE = TRUE', true],
    ['TRUE = FALSE', false],
    ["region = 'eu-north'", true],
  ])
})

it('has two signs for unequal', () => {
  expectCases([
    ['1 != 2', true],
    ['1 <> 2', true],
    ['1 != 1', false],
    ['1 <> 1', false],
    ["'a' != 'b'", true],
    ['TRUE <> FALSE', true],
  ])
})

it('casts the left side to the type of the right side', () => {
  expectCases([
    ['hop = 5', true],
    ['5 = hop', true],
    ["'05' = 5", true],
    ["5 = '05'", false],
    ["'TRUE' = TRUE", true],
    ["TRUE = 'TRUE'", false],
    ["TRUE = 'true'", true],
    ['1 = TRUE', true],
    ['2 = TRUE', true],
    ['TRUE = 1', true],
    ['TRUE = 2', false],
    ['0 = FALSE', true],
    ["12 = '12'", true],
    ['count = 12', true],
    ["count = '12'", true],
    ['urgent = TRUE', true],
  ])
})

it('fails to compare what cannot be cast, whichever the sign', () => {
  expectCases([
    ["'x' = 1", false, 'cast'],
    ["'x' != 1", false, 'cast'],
    ["'x' <> TRUE", false, 'cast'],
    ["'1' = TRUE", false, 'cast'],
    ['region = 1', false, 'cast'],
  ])
})

it('orders integers', () => {
  expectCases([
    ['1 < 2', true],
    ['2 < 2', false],
    ['2 <= 2', true],
    ['3 <= 2', false],
    ['3 > 2', true],
    ['2 > 2', false],
    ['2 >= 2', true],
    ['1 >= 2', false],
    ['-2 < -1', true],
    ['-2147483648 < 2147483647', true],
  ])
})

it('orders what can be cast to integers, and nothing else', () => {
  expectCases([
    ['hop < ttl', true],
    ["'9' < '10'", true],
    ['FALSE < TRUE', true],
    ["'a' < 'b'", false, 'cast'],
    ["1 < 'b'", false, 'cast'],
    ['time > 0', false, 'cast'],
  ])
})

it('compares the result of a comparison', () => {
  expectCases([
    ['1 < 2 = TRUE', true],
    ['3 > 2 > 1', false],
    ['3 > 2 > 0', true],
    ['1 = 1 = 1', true],
    ['2 = 2 = 2', false],
  ])
})
