import { expect, it } from 'vitest'
import { evaluate } from '../../../../../scripts/emulator/eventing/cesql/index.ts'
import { expectCases } from './cases.ts'

it('reads attributes in the type that they have', () => {
  expectCases([
    ['id', 'order-7'],
    ['type', 'com.example.order.created.v1'],
    ['time', '2026-02-03T04:05:06.5+01:00'],
    ['hop', '5'],
    ['count', 12],
    ['urgent', true],
    ['quiet', false],
    ['empty', ''],
    ['digits9', 'nine'],
    ['0zero', 'leading digit'],
  ])
})

it('takes names in any case', () => {
  expectCases([
    ['REGION', 'eu-north'],
    ['Region', 'eu-north'],
    ['DIGITS9', 'nine'],
  ])
})

it('takes words that only begin with a keyword for names', () => {
  expectCases(
    [
      ['android', 'a'],
      ['order', 'o'],
      ['notice', 'n'],
      ['inner', 'i'],
      ['trueish', 't'],
      ['existsnot', 'e'],
      ['likely', 'l'],
      ['xor1', 'x'],
      ['abs', 'm'],
    ],
    {
      android: 'a',
      order: 'o',
      notice: 'n',
      inner: 'i',
      trueish: 't',
      existsnot: 'e',
      likely: 'l',
      xor1: 'x',
      abs: 'm',
    },
  )
})

it('makes strings of what is no string, integer or boolean', () => {
  const event = {
    link: new URL('https://a.example/x'),
    when: new Date(0),
    bytes: new Uint8Array([1, 2, 255]),
    half: 0.5,
    huge: 4_294_967_296,
    none: Number.NaN,
    big: 12n,
    zero: -0,
  }
  expectCases(
    [
      ['link', 'https://a.example/x'],
      ['when', '1970-01-01T00:00:00.000Z'],
      ['bytes', 'AQL/'],
      ['half', '0.5'],
      ['huge', '4294967296'],
      ['none', 'NaN'],
      ['big', '12'],
      ['zero', 0],
    ],
    event,
  )
})

it('yields the zero value of the smallest expression that needs a missing attribute', () => {
  expectCases([
    ['missing', false, 'missingAttribute'],
    ['missing + 1', 0, 'missingAttribute'],
    ['-missing', 0, 'missingAttribute'],
    ['NOT missing', false, 'missingAttribute'],
    ['missing = 1', false, 'missingAttribute'],
    ['missing != 1', false, 'missingAttribute'],
    ['missing <> missing', false, 'missingAttribute'],
    ['1 < missing', false, 'missingAttribute'],
    ['LENGTH(missing)', 0, 'missingAttribute'],
    ['CONCAT(region, missing)', '', 'missingAttribute'],
    ['BOOL(missing)', false, 'missingAttribute'],
    ['INT(missing)', 0, 'missingAttribute'],
    ['LEFT(region, missing)', '', 'missingAttribute'],
    ['NOWHERE(missing)', false, 'missingFunction'],
    ['toString', false, 'missingAttribute'],
  ])
})

it('survives an event that refuses to be read', () => {
  const event = {
    get trap(): string {
      throw new Error('no')
    },
    blank: Object.create(null),
    when: new Date(Number.NaN),
  }
  expect(evaluate('trap', event)).toEqual({ value: false, error: 'generic' })
  expect(evaluate("blank = ''", event)).toEqual({ value: false, error: 'generic' })
  expect(evaluate('when', event)).toEqual({ value: false, error: 'generic' })
  expect(evaluate('TRUE OR trap', event)).toEqual({ value: true })
})
