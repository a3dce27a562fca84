import { expect, it } from 'vitest'
import { compile } from '../../../../../scripts/emulator/eventing/cesql/index.ts'
import { type Case, expectCases } from './cases.ts'

it('refuses what is no expression', () => {
  const mistakes = [
    '',
    '   ',
    '(',
    ')',
    '()',
    '(1',
    '1)',
    '1 +',
    '+ 1',
    '* 1',
    '1 1',
    'hop ttl',
    '1 + + 2',
    'a.b',
    'a_b',
    'a-b-',
    '= 1',
    '1 == 1',
    '1 ! = 1',
    '1 =< 2',
    '1 < > 2',
    'NOT',
    'AND TRUE',
    'TRUE AND',
    'TRUE && TRUE',
    'TRUE NOT TRUE',
    'TRUE NOT AND TRUE',
    'ABS(1',
    'ABS 1)',
    'ABS(1,)',
    'ABS(,)',
    'F1(1)',
    "'a'('b')",
    '1(2)',
    'NULL.x',
    '{}',
    '[1]',
    'a; b',
    'a /* b */',
    '1.5',
    '$a',
    'naïve',
    '#',
    '\u0000',
    '🦊',
  ]
  expectCases(mistakes.map((expression): Case => [expression, false, 'parse']))
})

it('takes a sign that touches a digit as part of the number', () => {
  expectCases([
    ['3 - 1', 2],
    ['3 -1', false, 'parse'],
    ['3-1', false, 'parse'],
    ['3+1', false, 'parse'],
    ['hop-1', false, 'parse'],
    ['3 - -1', 4],
    ['3--1', 4],
    ['3-hop', -2],
    ['3*2', 6],
    ['6/2=3', true],
  ])
})

it('says what is wrong and where', () => {
  expect(compile('1 + ')).toEqual({ error: 'parse', message: 'unexpected end', offset: 4 })
  expect(compile('a = )')).toEqual({ error: 'parse', message: 'unexpected )', offset: 4 })
  expect(compile('a = #')).toEqual({
    error: 'parse',
    message: 'unexpected character "#"',
    offset: 4,
  })
  expect(compile("a = 'b")).toEqual({
    error: 'parse',
    message: 'a string is not closed',
    offset: 4,
  })
  expect(compile('3-1')).toEqual({
    error: 'parse',
    message: 'unexpected -1, where - belongs to the number: put a blank after an operator',
    offset: 1,
  })
  expect(compile('hop < 3000000000')).toEqual({
    error: 'parse',
    message: 'integers must fit into 32 bits, got 3000000000',
    offset: 6,
  })
})

it('evaluates a compiled expression against many events', () => {
  const compiled = compile("type LIKE 'com.%' AND hop < 3")
  if ('error' in compiled) throw new Error(compiled.message)
  expect(compiled.evaluate({ type: 'com.a', hop: '1' })).toEqual({ value: true })
  expect(compiled.evaluate({ type: 'com.a', hop: '7' })).toEqual({ value: false })
  expect(compiled.evaluate({ type: 'org.a' })).toEqual({ value: false })
  expect(compiled.evaluate({ type: 'com.a' })).toEqual({
    value: false,
    error: 'missingAttribute',
  })
})

it('parses anew after a mistake', () => {
  expectCases([
    ['1 + (2', false, 'parse'],
    ['1 + (2)', 3],
    ['1 + 99999999999', false, 'parse'],
    ['1 + 9', 10],
  ])
})
