import { it } from 'vitest'
import { evaluate } from '../../../../../scripts/emulator/eventing/cesql/index.ts'
import { EVENT, expectCases } from './cases.ts'

it('finds a value in a set', () => {
  expectCases([
    ['2 IN (1, 2, 3)', true],
    ['4 IN (1, 2, 3)', false],
    ["'b' IN ('a', \"b\")", true],
    ["'B' IN ('a', 'b')", false],
    ['TRUE IN (FALSE, TRUE)', true],
    ['1 IN (1)', true],
    ['1 in(1)', true],
    ["region IN ('eu-north', 'eu-west')", true],
    ["'order-7' IN ('x', id)", true],
    ['3 IN (1 + 1, 1 + 2)', true],
  ])
})

it('is turned over by NOT', () => {
  expectCases([
    ['2 NOT IN (1, 2, 3)', false],
    ['4 not in (1, 2, 3)', true],
    ["region NOT IN ('us-east')", true],
  ])
})

it('casts each element to the type of the left side', () => {
  expectCases([
    ["1 IN ('1', '2')", true],
    ["'1' IN (1, 2)", true],
    ["'01' IN (1, 2)", false],
    ["TRUE IN ('true')", true],
    ["'true' IN (TRUE)", true],
    ["'TRUE' IN (TRUE)", false],
    ["'TRUE' IN ('true')", false],
    ['hop IN (5, 6)', true],
    ['count IN (hop, 12)', true],
    ['TRUE IN (7)', true],
  ])
})

it('stops at the element that is equal, and at the first that fails', () => {
  expectCases([
    ["1 IN (1, 'x')", true],
    ["1 IN ('x', 1)", false, 'cast'],
    ["1 NOT IN ('x', 1)", false, 'cast'],
    ['1 IN (1, 1 / 0)', true],
    ['1 IN (1 / 0, 1)', false, 'math'],
    ['1 IN (missing)', false, 'missingAttribute'],
    ['missing IN (1)', false, 'missingAttribute'],
    ['missing NOT IN (1)', false, 'missingAttribute'],
  ])
})

it('wants at least one element, in brackets', () => {
  expectCases([
    ['1 IN ()', false, 'parse'],
    ['1 IN 1', false, 'parse'],
    ['1 IN (1,)', false, 'parse'],
    ['1 IN (,1)', false, 'parse'],
    ['1 IN (1 2)', false, 'parse'],
    ['1 IN region', false, 'parse'],
    ['IN (1)', false, 'parse'],
  ])
})

it('knows which attributes exist', () => {
  expectCases([
    ['EXISTS subject', true],
    ['exists region', true],
    ['EXISTS REGION', true],
    ['EXISTS missing', false],
    ['NOT EXISTS missing', true],
    ['NOT EXISTS region', false],
    ['EXISTS empty', true],
    ['EXISTS quiet', true],
    ['EXISTS digits9', true],
    ['EXISTS constructor', false],
    ["EXISTS region AND region = 'eu-north'", true],
    ['EXISTS (region)', false, 'parse'],
    ["EXISTS 'region'", false, 'parse'],
    ['EXISTS 5', false, 'parse'],
    ['EXISTS', false, 'parse'],
    ['EXISTS NOT', false, 'parse'],
  ])
})

it('takes the required attributes to exist, whatever the event', () => {
  expectCases(
    [
      ['EXISTS id', true],
      ['EXISTS source', true],
      ['EXISTS type', true],
      ['EXISTS specversion', true],
      ['EXISTS subject', false],
      ['EXISTS time', false],
    ],
    {},
  )
})

it('takes null and undefined for absent, and the data for no attribute', () => {
  const event = { ...EVENT, region: null, hop: undefined, data: 'payload' }
  expectCases(
    [
      ['EXISTS region', false],
      ['EXISTS hop', false],
      ['EXISTS data', false],
      ['region', false, 'missingAttribute'],
      ['data', false, 'missingAttribute'],
    ],
    event,
  )
})

it('leaves the event as it was', ({ expect }) => {
  const event = Object.freeze({ ...EVENT })
  expect(evaluate("hop + 1 = 6 AND TRIM(region) = 'eu-north'", event)).toEqual({ value: true })
  expect(event).toEqual(EVENT)
})
