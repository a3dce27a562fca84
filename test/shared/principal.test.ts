import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { allows, bearerOf, permissionsOf } from '../../shared/principal.ts'

describe('permissions', () => {
  test.each([
    ['a:b', 'a:b', true],
    ['a:*', 'a:b', true],
    ['a:*', 'a:b:c', true],
    ['a:*', 'a', false],
    ['a:*', 'a:', false],
    ['a:*', 'ab:c', false],
    ['a', 'a:b', false],
    ['a:b', 'a', false],
    ['*', 'a:b', true],
    ['a:b:*', 'a:b', false],
    ['a:b', 'a:*', false],
    ['*', '*', false],
  ])('a grant of %s and a wish for %s: %s', (grant, wanted, expected) => {
    expect(allows([grant], wanted)).toBe(expected)
  })

  test('equals the naive definition by segments', () => {
    const segment = fc.constantFrom('a', 'b', 'ab')
    const name = fc.array(segment, { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(name, fc.boolean(), name, (grant, wildcard, wanted) => {
        const text = [...grant, ...(wildcard ? ['*'] : [])].join(':')
        const expected = wildcard
          ? wanted.length > grant.length && grant.every((part, index) => wanted[index] === part)
          : grant.join(':') === wanted.join(':')
        expect(allows([text], wanted.join(':'))).toBe(expected)
      }),
    )
  })

  test('an unknown role grants nothing but what everybody has over themselves', () => {
    expect(permissionsOf(['root'])).toEqual(['self:*'])
    expect(permissionsOf(['readonly'])).toEqual(['self:*', 'api:read'])
  })

  test('a reader may not change anything', () => {
    expect(allows(permissionsOf(['readonly']), 'cognitive:inference')).toBe(false)
    expect(allows(permissionsOf(['user']), 'system:migrate')).toBe(false)
    expect(allows(permissionsOf(['admin']), 'system:migrate')).toBe(true)
  })
})

test.each([
  ['Bearer abc', 'abc'],
  ['bearer abc', 'abc'],
  ['BEARER a.b-c_d', 'a.b-c_d'],
  ['Basic abc', undefined],
  ['Bearer a b', undefined],
  ['Bearer a,b', undefined],
  ['xBearer abc', undefined],
  [undefined, undefined],
])('the token of the authorization %j is %j', (authorization, token) => {
  expect(bearerOf(authorization)).toBe(token)
})
