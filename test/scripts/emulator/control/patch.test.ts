import { expect, test } from 'vitest'
import { jsonPatch, mergePatch } from '../../../../scripts/emulator/control/patch.ts'

// RFC 7386, appendix A.
test.each([
  [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
  [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
  [{ a: 'b' }, { a: null }, {}],
  [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
  [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
  [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
  [
    ['a', 'b'],
    ['c', 'd'],
    ['c', 'd'],
  ],
  [{ a: 'b' }, ['c'], ['c']],
  [{ a: 'foo' }, null, null],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
])('merge of %j with %j', (target, patch, expected) => {
  expect(mergePatch(target, patch)).toEqual(expected)
})

// RFC 6902, appendix A.
test.each([
  [{ foo: 'bar' }, { op: 'add', path: '/baz', value: 1 }, { foo: 'bar', baz: 1 }],
  [{ foo: ['a', 'c'] }, { op: 'add', path: '/foo/1', value: 'b' }, { foo: ['a', 'b', 'c'] }],
  [{ foo: ['a'] }, { op: 'add', path: '/foo/-', value: 'b' }, { foo: ['a', 'b'] }],
  [{ foo: ['a', 'b'] }, { op: 'remove', path: '/foo/0' }, { foo: ['b'] }],
  [{ foo: ['a', 'b'] }, { op: 'replace', path: '/foo/1', value: 'c' }, { foo: ['a', 'c'] }],
  [
    { a: { b: 1 }, c: {} },
    { op: 'move', from: '/a/b', path: '/c/d' },
    { a: {}, c: { d: 1 } },
  ],
  [{ a: { b: 1 } }, { op: 'copy', from: '/a', path: '/c' }, { a: { b: 1 }, c: { b: 1 } }],
  [{ '/': 9, '~1': 10 }, { op: 'remove', path: '/~01' }, { '/': 9 }],
])('JSON patch of %j with %j', (target, operation, expected) => {
  expect(jsonPatch(target, [operation])).toEqual(expected)
})

test.each([
  [{ op: 'remove', path: '/none' }, 'there is nothing at none'],
  [{ op: 'add', path: '/foo/9', value: 1 }, '"index" must be from 0 to 1 of 1 items, got 9'],
  [{ op: 'replace', path: '/none', value: 1 }, 'there is nothing at none'],
  [{ op: 'test', path: '/foo/0', value: 'b' }, 'testing value /foo/0 failed'],
  [{ op: 'grow', path: '/foo' }, '"op" must be'],
  [{ op: 'add', path: 'foo', value: 1 }, '"path" must be a JSON pointer'],
])('%j is refused', (operation, message) => {
  expect(() => jsonPatch({ foo: ['a'] }, [operation])).toThrow(message)
})

test('no patch reaches a prototype', () => {
  const evil: unknown = JSON.parse('{"__proto__":{"polluted":true}}')
  mergePatch({}, evil)
  jsonPatch({}, [{ op: 'add', path: '/__proto__', value: { polluted: true } }])
  expect(Reflect.get({}, 'polluted')).toBeUndefined()
})
