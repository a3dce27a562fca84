import { it } from 'vitest'
import { expectCases } from './cases.ts'

it('reads booleans in any case', () => {
  expectCases([
    ['true', true],
    ['True', true],
    ['tRUe', true],
    ['false', false],
    ['FALSE', false],
    ['fAlSe', false],
  ])
})

it('reads integers with and without a sign', () => {
  expectCases([
    ['7', 7],
    ['+7', 7],
    ['-7', -7],
    ['007', 7],
    ['-0', 0],
    ['2147483647', 2_147_483_647],
    ['-2147483648', -2_147_483_648],
  ])
})

it('refuses integers beyond 32 bits', () => {
  expectCases([
    ['2147483648', false, 'parse'],
    ['-2147483649', false, 'parse'],
    ['99999999999999999999999999', false, 'parse'],
  ])
})

it('reads strings in either quote and keeps their case', () => {
  expectCases([
    [`'Abc'`, 'Abc'],
    [`"Abc"`, 'Abc'],
    [`''`, ''],
    [`""`, ''],
    [`'say "hi"'`, 'say "hi"'],
    [`"it's"`, "it's"],
    [`'two\nlines'`, 'two\nlines'],
    [`'привет 🦊'`, 'привет 🦊'],
  ])
})

it('unescapes the enclosing quote and nothing else', () => {
  expectCases([
    [String.raw`'it\'s'`, "it's"],
    [String.raw`"say \"hi\""`, 'say "hi"'],
    [String.raw`'a\"b'`, String.raw`a\"b`],
    [String.raw`"a\'b"`, String.raw`a\'b`],
    [String.raw`'a\nb'`, String.raw`a\nb`],
    [String.raw`'a\\'`, String.raw`a\\`],
    [`'it''s'`, `it''s`],
    [`"a""b"`, `a""b`],
  ])
})

it('does not take an open string', () => {
  expectCases([
    [`'abc`, false, 'parse'],
    [`"abc`, false, 'parse'],
    [`'abc"`, false, 'parse'],
    [String.raw`'abc\'`, false, 'parse'],
    [`'a'b'`, false, 'parse'],
  ])
})

it('skips blanks, tabs and line ends between tokens', () => {
  expectCases([
    ['  1  ', 1],
    ['1\t+\r\n2', 3],
    ['\n\nTRUE', true],
    ['ABS (  -3 )', 3],
    ['1\u00a0+ 2', false, 'parse'],
  ])
})
