import { expect, it } from 'vitest'
import type { JsonObject } from '../../../../../scripts/emulator/stores/qdrant/json.ts'
import {
  merge,
  parsePath,
  valuesAt,
  without,
} from '../../../../../scripts/emulator/stores/qdrant/payload.ts'
import { parseWithPayload } from '../../../../../scripts/emulator/stores/qdrant/selection.ts'

const payload: JsonObject = { a: { b: [{ c: 1 }, { c: 2, d: 3 }], 'x.y': 4 }, list: [1, [2]] }

it.each([
  ['a.b[].c', [1, 2]],
  ['a.b[1].d', [3]],
  ['a."x.y"', [4]],
  ['a.b.c', []],
  ['list[]', [1, [2]]],
  ['constructor', []],
])('reads the values at %s', (path, values) => {
  expect(valuesAt(payload, parsePath(path))).toEqual(values)
})

it.each(['', '[0]', 'a..b', 'a[', 'a[x]', '.a'])('refuses the path "%s"', path => {
  expect(() => parsePath(path)).toThrow(`Wrong input: Invalid json path: \`${path}\``)
})

it('merges at a path, makes what is missing, removes what is null, and leaves the original alone', () => {
  const before = structuredClone(payload)
  expect(merge({ a: 1, b: 2 }, { a: null, c: 3 })).toEqual({ b: 2, c: 3 })
  expect(merge({}, { c: 3 }, parsePath('a.b'))).toEqual({ a: { b: { c: 3 } } })
  expect(merge(payload, { d: 9 }, parsePath('a.b[]'))).toMatchObject({
    a: {
      b: [
        { c: 1, d: 9 },
        { c: 2, d: 9 },
      ],
    },
  })
  expect(payload).toEqual(before)
})

it('removes only what a path names', () => {
  expect(without(payload, parsePath('a.b[].c'))).toEqual({
    a: { b: [{}, { d: 3 }], 'x.y': 4 },
    list: [1, [2]],
  })
  expect(without(payload, parsePath('nothing.here'))).toEqual(payload)
})

it('keeps a key named __proto__ a key', () => {
  const hostile = JSON.parse('{"__proto__": {"admin": true}}')
  const merged = merge({}, hostile)
  expect(Object.getPrototypeOf(merged)).toBe(Object.prototype)
  expect(JSON.stringify(merged)).toBe('{"__proto__":{"admin":true}}')
})

it('shows the parts that are asked for', () => {
  expect(parseWithPayload(['a.x', 'list'], true)({ a: { x: 1, y: 2 }, list: [], z: 1 })).toEqual({
    a: { x: 1 },
    list: [],
  })
  expect(parseWithPayload({ exclude: ['a.x'] }, true)({ a: { x: 1, y: 2 } })).toEqual({
    a: { y: 2 },
  })
  expect(parseWithPayload(undefined, false)({ a: 1 })).toBeUndefined()
})
