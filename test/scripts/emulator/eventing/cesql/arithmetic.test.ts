import { it } from 'vitest'
import { expectCases } from './cases.ts'

it('adds, subtracts and multiplies', () => {
  expectCases([
    ['1 + 2', 3],
    ['1 - 2', -1],
    ['-3 + -4', -7],
    ['-3 - -4', 1],
    ['6 * 7', 42],
    ['-6 * 7', -42],
    ['0 * -5', 0],
    ['1 + 2 + 3 + 4', 10],
    ['10 - 3 - 2', 5],
  ])
})

it('divides towards zero', () => {
  expectCases([
    ['7 / 2', 3],
    ['-7 / 2', -3],
    ['7 / -2', -3],
    ['-7 / -2', 3],
    ['1 / 2', 0],
    ['-1 / 2', 0],
    ['100 / 10 / 5', 2],
  ])
})

it('gives a remainder the sign of its left side', () => {
  expectCases([
    ['7 % 3', 1],
    ['-7 % 3', -1],
    ['7 % -3', 1],
    ['-7 % -3', -1],
    ['-6 % 3', 0],
    ['20 % 7 % 4', 2],
  ])
})

it('fails to divide by zero', () => {
  expectCases([
    ['1 / 0', 0, 'math'],
    ['1 % 0', 0, 'math'],
    ['0 / 0', 0, 'math'],
    ["1 / '0'", 0, 'math'],
    ['1 / FALSE', 0, 'math'],
    ['1 / (2 - 2)', 0, 'math'],
  ])
})

it('wraps around at 32 bits', () => {
  expectCases([
    ['2147483647 + 1', -2_147_483_648],
    ['-2147483648 - 1', 2_147_483_647],
    ['65536 * 65536', 0],
    ['2147483647 * 2147483647', 1],
    ['-2147483648 / -1', -2_147_483_648],
    ['-2147483648 % -1', 0],
    ['-(-2147483648)', -2_147_483_648],
  ])
})

it('casts operands to integers', () => {
  expectCases([
    ["'4' + 1", 5],
    ["1 + '4'", 5],
    ["'4' * '5'", 20],
    ["'+4' + 0", 4],
    ["'-4' + 0", -4],
    ['TRUE + TRUE', 2],
    ['5 - FALSE', 5],
    ['hop + ttl', 15],
    ['count * 2', 24],
    ['urgent + 1', 2],
    ["'four' + 1", 0, 'cast'],
    ["1 + 'four'", 0, 'cast'],
    ["'' + 1", 0, 'cast'],
    ["' 4' + 1", 0, 'cast'],
    ["'4.0' + 1", 0, 'cast'],
    ["'2147483648' + 1", 0, 'cast'],
    ["'0x10' + 1", 0, 'cast'],
    ["'1e3' + 1", 0, 'cast'],
  ])
})

it('negates, as often as it is told', () => {
  expectCases([
    ['- 5', -5],
    ['--5', 5],
    ['---5', -5],
    ['- - - 5', -5],
    ["-'5'", -5],
    ['-TRUE', -1],
    ['-FALSE', 0],
    ['-hop', -5],
    ['-(1 + 2)', -3],
    ["-'x'", 0, 'cast'],
    ["--'x'", 0, 'cast'],
  ])
})

it('reports the first error and leaves the rest alone', () => {
  expectCases([
    ["1 / 0 + 'x'", 0, 'math'],
    ["'x' + 1 / 0", 0, 'math'],
    ["('x' + 1) / 0", 0, 'cast'],
    ['1 / 0 + 7', 0, 'math'],
    ['missing / 0', 0, 'missingAttribute'],
    ['0 / missing', 0, 'missingAttribute'],
  ])
})
