import { it } from 'vitest'
import { expectCases } from './cases.ts'

it('multiplies before it adds', () => {
  expectCases([
    ['2 + 3 * 4', 14],
    ['(2 + 3) * 4', 20],
    ['2 * 3 + 4', 10],
    ['10 - 4 / 2', 8],
    ['10 % 4 + 1', 3],
    ['2 + 3 * 4 - 5', 9],
    ['8 / 4 * 2', 4],
    ['8 - 4 + 2', 6],
  ])
})

it('adds before it compares, and compares before it decides', () => {
  expectCases([
    ['1 + 1 = 2', true],
    ['2 = 1 + 1', true],
    ['3 > 1 + 1 AND 1 < 2', true],
    ['1 = 2 OR 2 = 2', true],
    ['1 + 1 = 2 AND 2 * 2 = 4', true],
    ['1 < 2 XOR 2 < 3', false],
  ])
})

it('lets NOT and signs bind tighter than anything', () => {
  expectCases([
    ['NOT TRUE AND FALSE', false],
    ['NOT FALSE OR TRUE', true],
    ['NOT 1 = 1', false],
    ['NOT (1 = 2)', true],
    ['- 2 * 3', -6],
    ['- 2 + 3', 1],
    ['3 * - 2', -6],
    ['3 - - 2', 5],
    ['NOT - 1', false],
    ['- NOT 0', -1],
    ["NOT TRUE LIKE 'false'", true],
    ["- 1 LIKE '-1'", true],
    ['- 1 IN (-1)', true],
    ['NOT 0 IN (TRUE)', true],
  ])
})

it('lets LIKE and IN bind tighter than the other binary operators', () => {
  expectCases([
    ["'a' = 'b' LIKE 'b'", false, 'cast'],
    ["TRUE = 'b' LIKE 'b'", true],
    ["TRUE AND 'b' LIKE 'b'", true],
    ["'x' LIKE 'y' OR 'b' LIKE 'b'", true],
    ['1 + 2 IN (2)', 2],
    ['(1 + 2) IN (3)', true],
    ['2 * 3 IN (6)', 0],
    ["1 IN (1) LIKE 'true'", true],
    ["'true' LIKE 't%' IN (TRUE)", true],
    ["1 NOT IN (1) NOT LIKE 'true'", true],
  ])
})

it('takes any number of brackets', () => {
  expectCases([
    ['((((1))))', 1],
    ['(1) + ((2))', 3],
    ['-(-(-(1)))', -1],
    ['NOT (NOT (TRUE))', true],
    ['(TRUE OR TRUE) AND (FALSE)', false],
    ["('a') LIKE 'a'", true],
  ])
})
