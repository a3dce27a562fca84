import { expect, it } from 'vitest'
import {
  addFunction,
  type CesqlFunction,
} from '../../../../../scripts/emulator/eventing/cesql/functions.ts'
import { expectCases } from './cases.ts'

it('counts characters', () => {
  expectCases([
    ["LENGTH('')", 0],
    ["LENGTH('abc')", 3],
    ["LENGTH('é')", 1],
    ["LENGTH('🦊🦊')", 2],
    ['LENGTH(-12)', 3],
    ['LENGTH(TRUE)', 4],
    ['length(region)', 8],
  ])
})

it('concatenates', () => {
  expectCases([
    ['CONCAT()', ''],
    ["CONCAT('a')", 'a'],
    ["CONCAT('a', 1, TRUE)", 'a1true'],
    ["CONCAT_WS(',')", ''],
    ["CONCAT_WS(',', 'a')", 'a'],
    ["CONCAT_WS(', ', 'a', 'b', 'c')", 'a, b, c'],
    ["CONCAT_WS('', 'a', 'b')", 'ab'],
    ['CONCAT_WS(0, 1, 2)', '102'],
    ["concat_ws('-', region, hop)", 'eu-north-5'],
    ["CONCAT_WS('-', '', '')", '-'],
  ])
})

it('changes case', () => {
  expectCases([
    ["LOWER('ÀBc1')", 'àbc1'],
    ["UPPER('àbC1')", 'ÀBC1'],
    ['LOWER(TRUE)', 'true'],
    ['UPPER(TRUE)', 'TRUE'],
  ])
})

it('trims white space as Unicode knows it', () => {
  expectCases([
    ["TRIM('  a b  ')", 'a b'],
    ["TRIM('\t\n\r\u000b\f a')", 'a'],
    ["TRIM('\u00a0\u2003\u3000a\u0085\u2028')", 'a'],
    ["TRIM('\ufeffa\u200b')", '\ufeffa\u200b'],
    ["TRIM('\u0000a\u0001')", '\u0000a\u0001'],
    ["TRIM('   ')", ''],
    ["TRIM('')", ''],
    ['TRIM(5)', '5'],
  ])
})

it('takes the left and the right end', () => {
  expectCases([
    ["LEFT('abcd', 2)", 'ab'],
    ["LEFT('abcd', 0)", ''],
    ["LEFT('abcd', 4)", 'abcd'],
    ["LEFT('abcd', 99)", 'abcd'],
    ["LEFT('abcd', -1)", 'abcd', 'functionEvaluation'],
    ["RIGHT('abcd', 2)", 'cd'],
    ["RIGHT('abcd', 0)", ''],
    ["RIGHT('abcd', 4)", 'abcd'],
    ["RIGHT('abcd', 99)", 'abcd'],
    ["RIGHT('abcd', -1)", 'abcd', 'functionEvaluation'],
    ["LEFT('🦊bc', 1)", '🦊'],
    ["RIGHT('ab🦊', 2)", 'b🦊'],
    ["LEFT(12345, '2')", '12'],
    ["LEFT('abcd', TRUE)", 'a'],
    ["LEFT('abcd', 'x')", '', 'cast'],
  ])
})

it('takes a part from either end', () => {
  expectCases([
    ["SUBSTRING('abcdef', 1)", 'abcdef'],
    ["SUBSTRING('abcdef', 3)", 'cdef'],
    ["SUBSTRING('abcdef', 6)", 'f'],
    ["SUBSTRING('abcdef', 7)", '', 'functionEvaluation'],
    ["SUBSTRING('abcdef', -1)", 'f'],
    ["SUBSTRING('abcdef', -6)", 'abcdef'],
    ["SUBSTRING('abcdef', -7)", '', 'functionEvaluation'],
    ["SUBSTRING('abcdef', 0)", ''],
    ["SUBSTRING('', 0)", ''],
    ["SUBSTRING('', 1)", '', 'functionEvaluation'],
    ["SUBSTRING('abcdef', 2, 3)", 'bcd'],
    ["SUBSTRING('abcdef', 2, 99)", 'bcdef'],
    ["SUBSTRING('abcdef', 2, 0)", ''],
    ["SUBSTRING('abcdef', -3, 2)", 'de'],
    ["SUBSTRING('abcdef', -3, 99)", 'def'],
    ["SUBSTRING('abcdef', 0, 3)", ''],
    ["SUBSTRING('abcdef', 2, -1)", '', 'functionEvaluation'],
    ["SUBSTRING('abcdef', 9, 1)", '', 'functionEvaluation'],
    ["SUBSTRING('a🦊c', 2, 1)", '🦊'],
    ["SUBSTRING('a🦊c', -2)", '🦊c'],
    ["SUBSTRING('abcdef', -2147483648)", '', 'functionEvaluation'],
  ])
})

it('takes absolute values', () => {
  expectCases([
    ['ABS(5)', 5],
    ['ABS(-5)', 5],
    ['ABS(0)', 0],
    ["ABS('-5')", 5],
    ['ABS(2147483647)', 2_147_483_647],
    ['ABS(-2147483648)', 2_147_483_647, 'math'],
    ["ABS('x')", 0, 'cast'],
  ])
})

it('casts on demand', () => {
  expectCases([
    ["INT('12')", 12],
    ["INT('-0')", 0],
    ['INT(TRUE)', 1],
    ['INT(FALSE)', 0],
    ["INT('12a')", 0, 'cast'],
    ["INT('')", 0, 'cast'],
    ["INT('2147483647')", 2_147_483_647],
    ["INT('2147483648')", 0, 'cast'],
    ["INT('-2147483648')", -2_147_483_648],
    ["BOOL('true')", true],
    ["BOOL('FALSE')", false],
    ["BOOL('1')", false, 'cast'],
    ['BOOL(1)', true],
    ['BOOL(0)', false],
    ['STRING(12)', '12'],
    ['STRING(-12)', '-12'],
    ['STRING(TRUE)', 'true'],
    ["STRING('x')", 'x'],
  ])
})

it('takes names in any case', () => {
  expectCases([
    ["Length('abc')", 3],
    ["substring('abc', 2)", 'bc'],
    ['aBs(-1)', 1],
  ])
})

it('does not know functions of another name or another number of parameters', () => {
  expectCases([
    ['NOWHERE()', false, 'missingFunction'],
    ["REVERSE('abc')", false, 'missingFunction'],
    ['LENGTH()', false, 'missingFunction'],
    ["LENGTH('a', 'b')", false, 'missingFunction'],
    ['CONCAT_WS()', false, 'missingFunction'],
    ["LEFT('a')", false, 'missingFunction'],
    ["SUBSTRING('a')", false, 'missingFunction'],
    ["SUBSTRING('a', 1, 1, 1)", false, 'missingFunction'],
    ['ABS(1, 2)', false, 'missingFunction'],
    ['CONSTRUCTOR()', false, 'missingFunction'],
    ['__PROTO__()', false, 'parse'],
    ['NOWHERE() = 1', false, 'missingFunction'],
    ['NOWHERE() + 1', 0, 'missingFunction'],
    ['LENGTH(NOWHERE())', 0, 'missingFunction'],
  ])
})

it('nests, and fails with the zero value of what encloses the failure', () => {
  expectCases([
    ["UPPER(LEFT(TRIM('  abc'), 2))", 'AB'],
    ["LENGTH(CONCAT('a', 'bc')) + 1", 4],
    ["LEFT('abc', -1) = 'abc'", false, 'functionEvaluation'],
    ["LENGTH(LEFT('abc', -1))", 0, 'functionEvaluation'],
    ["UPPER(LEFT('abc', -1))", '', 'functionEvaluation'],
    ['ABS(-2147483648) + 1', 0, 'math'],
    ["CONCAT('a', 1 / 0)", '', 'math'],
  ])
})

it('takes functions of others, told apart by their number of parameters', () => {
  const counting = (
    parameters: CesqlFunction['parameters'],
    variadic?: 'String',
  ): CesqlFunction => ({
    parameters,
    ...(variadic && { variadic }),
    returns: 'Integer',
    run: args => ({ value: args.length }),
  })
  addFunction('OURS_COUNT', counting(['String']))
  addFunction('OURS_COUNT', counting(['String', 'Integer', 'Integer'], 'String'))
  expectCases([
    ["ours_count('a')", 1],
    ["OURS_COUNT('a', '2', 3)", 3],
    ["OURS_COUNT('a', 2, 3, 'b', 'c')", 5],
    ["OURS_COUNT('a', 'x', 3)", 0, 'cast'],
    ["OURS_COUNT('a', 2)", false, 'missingFunction'],
  ])
  const mistake = '"parameters" must tell the function from others called'
  expect(() => addFunction('OURS_COUNT', counting([], 'String'))).toThrow(`${mistake} OURS_COUNT`)
  expect(() => addFunction('CONCAT', counting(['String']))).toThrow(`${mistake} CONCAT`)
  expect(() => addFunction('ours', counting([]))).toThrow(
    '"name" must be upper case letters and underscores, got "ours"',
  )
})

it('survives a function that throws', () => {
  addFunction('OURS_THROW', {
    parameters: [],
    returns: 'String',
    run: () => {
      throw new Error('no')
    },
  })
  expectCases([["OURS_THROW() = ''", false, 'generic']])
})
