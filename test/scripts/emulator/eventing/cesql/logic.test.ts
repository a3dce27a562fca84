import { it } from 'vitest'
import { expectCases } from './cases.ts'

it('knows the truth tables', () => {
  expectCases([
    ['TRUE AND TRUE', true],
    ['TRUE AND FALSE', false],
    ['FALSE AND TRUE', false],
    ['FALSE AND FALSE', false],
    ['TRUE OR TRUE', true],
    ['TRUE OR FALSE', true],
    ['FALSE OR TRUE', true],
    ['FALSE OR FALSE', false],
    ['TRUE XOR TRUE', false],
    ['TRUE XOR FALSE', true],
    ['FALSE XOR TRUE', true],
    ['FALSE XOR FALSE', false],
    ['NOT TRUE', false],
    ['NOT FALSE', true],
    ['NOT NOT TRUE', true],
    ['NOT NOT NOT TRUE', false],
  ])
})

it('takes its keywords in any case', () => {
  expectCases([
    ['true and true', true],
    ['true aNd false', false],
    ['false Or true', true],
    ['true xOr true', false],
    ['nOt true', false],
  ])
})

it('casts operands to booleans', () => {
  expectCases([
    ["'true' AND 'TRUE'", true],
    ["'False' OR 'tRue'", true],
    ['1 AND 2', true],
    ['1 AND 0', false],
    ['-1 XOR 0', true],
    ['NOT 0', true],
    ['NOT 12', false],
    ["NOT 'FALSE'", true],
    ['urgent AND NOT quiet', true],
    ["'yes' AND TRUE", false, 'cast'],
    ["TRUE AND 'yes'", false, 'cast'],
    ["FALSE OR ''", false, 'cast'],
    ["NOT 'yes'", false, 'cast'],
    ["FALSE XOR '1'", false, 'cast'],
    ["NOT NOT 'yes'", false, 'cast'],
  ])
})

it('does not evaluate the right side of AND and OR when the left one decides', () => {
  expectCases([
    ['FALSE AND 1 / 0 = 1', false],
    ['FALSE AND missing', false],
    ["FALSE AND 'yes'", false],
    ['TRUE OR 1 / 0 = 1', true],
    ['TRUE OR NOWHERE()', true],
    ["TRUE OR 'yes'", true],
    ['TRUE OR missing AND missing', true],
    ['FALSE AND missing OR TRUE', false],
  ])
})

it('evaluates the right side when the left one does not decide', () => {
  expectCases([
    ['TRUE AND 1 / 0 = 1', false, 'math'],
    ['FALSE OR 1 / 0 != 1', false, 'math'],
    ['TRUE XOR 1 / 0 = 1', false, 'math'],
    ['FALSE XOR missing', false, 'missingAttribute'],
    ['TRUE AND NOWHERE()', false, 'missingFunction'],
  ])
})

it('fails with the left side, even if the right side would decide', () => {
  expectCases([
    ['missing OR TRUE', false, 'missingAttribute'],
    ['missing = 1 OR TRUE', false, 'missingAttribute'],
    ["'yes' OR TRUE", false, 'cast'],
    ["'yes' AND FALSE", false, 'cast'],
    ["TRUE AND 'yes' OR TRUE", false, 'cast'],
    ['NOT (missing = 1)', false, 'missingAttribute'],
  ])
})

it('groups AND, OR and XOR from the right', () => {
  expectCases([
    ['TRUE OR TRUE AND FALSE', true],
    ['(TRUE OR TRUE) AND FALSE', false],
    ['FALSE AND FALSE OR TRUE', false],
    ['(FALSE AND FALSE) OR TRUE', true],
    ['TRUE XOR TRUE OR TRUE', false],
    ['TRUE XOR FALSE AND TRUE', true],
    ['TRUE XOR TRUE XOR TRUE', true],
    ['FALSE XOR TRUE XOR TRUE', false],
    ['TRUE AND TRUE XOR TRUE', false],
    ['TRUE XOR TRUE AND TRUE OR FALSE', false],
  ])
})
