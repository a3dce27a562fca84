import { expect, test } from 'vitest'
import * as z from 'zod/mini'
import { type Issue, toProblems } from '../../shared/issues.ts'

const schema = z.strictObject({
  name: z.string().check(z.minLength(2), z.maxLength(4)),
  age: z.int().check(z.minimum(1)),
  kind: z.enum(['a', 'b']),
  id: z.uuid(),
  tags: z.array(z.string()).check(z.maxLength(1)),
})

const problemsOf = (value: unknown) =>
  schema.safeParse(value).error?.issues.flatMap(issue => toProblems(issue as unknown as Issue))

test('every kind of mistake is named with its field and what it must be', () => {
  expect(
    problemsOf({ name: 'x', age: 1.5, kind: 'c', id: '1', tags: ['a', 'b'], more: 1 }),
  ).toEqual([
    { field: 'name', message: 'must have at least 2 characters' },
    { field: 'age', message: 'must be a whole number' },
    { field: 'kind', message: 'must be one of a, b' },
    { field: 'id', message: 'must be a valid uuid' },
    { field: 'tags', message: 'must have at most 1 items' },
    { field: 'more', message: 'is not known here' },
  ])
})

test('a value below its minimum says so', () => {
  expect(
    problemsOf({ name: 'xyzzy', age: 0, kind: 'a', id: crypto.randomUUID(), tags: [7] }),
  ).toEqual([
    { field: 'name', message: 'must have at most 4 characters' },
    { field: 'age', message: 'must be at least 1' },
    { field: 'tags.0', message: 'must be a string' },
  ])
})

test('a whole input of another kind is named as such', () => {
  expect(problemsOf(7)).toEqual([{ field: '', message: 'must be an object' }])
})
