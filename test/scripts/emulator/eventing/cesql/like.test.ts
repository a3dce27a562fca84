import { expect, it } from 'vitest'
import { createMatcher } from '../../../../../scripts/emulator/eventing/cesql/like.ts'
import { expectCases } from './cases.ts'

it('matches a pattern without wildcards as a whole', () => {
  expectCases([
    ["'abc' LIKE 'abc'", true],
    ["'abc' LIKE 'ab'", false],
    ["'ab' LIKE 'abc'", false],
    ["'abc' LIKE 'bc'", false],
    ["'abc' LIKE 'ABC'", false],
    ["'' LIKE ''", true],
    ["'a' LIKE ''", false],
    ["'' LIKE 'a'", false],
  ])
})

it('lets % stand for any run of characters', () => {
  expectCases([
    ["'' LIKE '%'", true],
    ["'abc' LIKE '%'", true],
    ["'abc' LIKE 'a%'", true],
    ["'abc' LIKE '%c'", true],
    ["'abc' LIKE '%b%'", true],
    ["'abc' LIKE 'a%c'", true],
    ["'ac' LIKE 'a%c'", true],
    ["'abc' LIKE 'b%'", false],
    ["'abc' LIKE '%b'", false],
    ["'abc' LIKE '%d%'", false],
    ["'abc' LIKE '%%%'", true],
    ["'abc' LIKE '%a%b%c%'", true],
    ["'cba' LIKE '%a%b%'", false],
    ["'a' LIKE 'a%a'", false],
    ["'aa' LIKE 'a%a'", true],
    ["'aXbXc' LIKE 'a%X%c'", true],
    ["'abab' LIKE '%ab'", true],
    ["'abcab' LIKE '%abc'", false],
    ["'one\ntwo' LIKE 'one%two'", true],
    ["'aab' LIKE '%ab%'", true],
    ["'abaabab' LIKE '%abab%'", true],
  ])
})

it('lets _ stand for exactly one character', () => {
  expectCases([
    ["'a' LIKE '_'", true],
    ["'' LIKE '_'", false],
    ["'ab' LIKE '_'", false],
    ["'abc' LIKE 'a_c'", true],
    ["'ac' LIKE 'a_c'", false],
    ["'abc' LIKE '___'", true],
    ["'abcd' LIKE '_%_'", true],
    ["'a' LIKE '_%_'", false],
    ["'xaybz' LIKE '%a_b%'", true],
    ["'xayybz' LIKE '%a_b%'", false],
    ["'é' LIKE '_'", true],
    ["'🦊' LIKE '_'", true],
    ["'a🦊b' LIKE 'a_b'", true],
    ["'🦊🦊' LIKE '%_🦊'", true],
  ])
})

it('takes escaped wildcards as themselves', () => {
  expectCases([
    [String.raw`'50%' LIKE '50\%'`, true],
    [String.raw`'500' LIKE '50\%'`, false],
    [String.raw`'a_b' LIKE 'a\_b'`, true],
    [String.raw`'axb' LIKE 'a\_b'`, false],
    [String.raw`'x50%y' LIKE '%50\%%'`, true],
    [String.raw`'a\b' LIKE 'a\b'`, true],
    [String.raw`'a\b' LIKE 'a_b'`, true],
    [String.raw`'a\xb' LIKE 'a\%b'`, false],
    [String.raw`"it's" LIKE 'it\'s'`, true],
    [String.raw`'a\' LIKE 'a\'`, false, 'parse'],
  ])
})

it('takes signs of regular expressions as themselves', () => {
  expectCases([
    ["'abc' LIKE 'a.c'", false],
    ["'a.c' LIKE 'a.c'", true],
    ["'a+(b)[c]{2}^$|?*' LIKE 'a+(b)[c]{2}^$|?*'", true],
    ["'aaa' LIKE 'a*'", false],
  ])
})

it('casts its left side to a string', () => {
  expectCases([
    ["123 LIKE '1%'", true],
    ["-5 LIKE '-_'", true],
    ["TRUE LIKE 'true'", true],
    ["TRUE LIKE 'TRUE'", false],
    ["FALSE LIKE 'f%e'", true],
    ["count LIKE '1_'", true],
  ])
})

it('is turned over by NOT', () => {
  expectCases([
    ["'abc' NOT LIKE 'a%'", false],
    ["'abc' not like 'b%'", true],
    ["type NOT LIKE 'com.other.%'", true],
    ["missing LIKE '%'", false, 'missingAttribute'],
    ["missing NOT LIKE '%'", false, 'missingAttribute'],
    ["NOWHERE() LIKE '%'", false, 'missingFunction'],
  ])
})

it('wants a string literal as its pattern', () => {
  expectCases([
    ["'a' LIKE region", false, 'parse'],
    ["'a' LIKE 1", false, 'parse'],
    ["'a' LIKE ('a')", false, 'parse'],
    ["'a' LIKE CONCAT('a')", false, 'parse'],
    ["'a' LIKE", false, 'parse'],
    ["LIKE 'a'", false, 'parse'],
  ])
})

it('finds parts that are longer than a machine word', () => {
  const part = 'abcdefgh'.repeat(20)
  const matches = createMatcher(`%${part}_${part}%`)
  expect(matches?.(`x${part}${part}-${part}y`)).toBe(true)
  expect(matches?.(`x${part}--${part}y`)).toBe(false)
  for (const size of [31, 32, 33, 63, 64, 65]) {
    const search = createMatcher(`%${'a'.repeat(size - 1)}b%`)
    expect(search?.(`${'a'.repeat(size + 40)}bc`)).toBe(true)
    expect(search?.(`${'a'.repeat(size - 2)}bc`)).toBe(false)
  }
})

it('refuses a part that would make each character of a text dear', () => {
  expect(createMatcher(`%${'_'.repeat(4097)}%`)).toBeUndefined()
  expect(createMatcher(`%${'_'.repeat(4096)}%`)).toBeDefined()
  expect(createMatcher('_'.repeat(10_000))?.('x'.repeat(10_000))).toBe(true)
})
