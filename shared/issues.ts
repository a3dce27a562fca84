/** Says what is wrong with a value, in our own grammar; zod's locale tables would cost each cold start 10 ms. */

/** The parts of a zod issue that the messages use. */
export interface Issue {
  readonly code: string
  readonly path: readonly PropertyKey[]
  readonly [detail: string]: unknown
}

/** One field at fault; `field` is a dotted path, empty for the whole input. */
export interface FieldProblem {
  field: string
  message: string
}

/** Turns an issue into problems, one for each field that it speaks of. */
export function toProblems(issue: Issue): FieldProblem[] {
  const field = issue.path.map(String).join('.')
  if (issue.code === 'unrecognized_keys') {
    return (issue.keys as string[]).map(key => ({
      field: field === '' ? key : `${field}.${key}`,
      message: 'is not known here',
    }))
  }
  return [{ field, message: (MESSAGES[issue.code] ?? (() => 'has a wrong value'))(issue) }]
}

const MESSAGES: Readonly<Record<string, (issue: Issue) => string>> = {
  invalid_type: ({ expected }) => `must be ${an(expected)}`,
  invalid_value: ({ values }) => `must be ${oneOf(values as unknown[])}`,
  invalid_format: ({ format }) => `must be a valid ${format === 'regex' ? 'value' : format}`,
  too_small: ({ origin, minimum, inclusive }) =>
    bound(origin, inclusive === false ? 'more than' : 'at least', minimum),
  too_big: ({ origin, maximum, inclusive }) =>
    bound(origin, inclusive === false ? 'less than' : 'at most', maximum),
  not_multiple_of: ({ divisor }) => `must be a multiple of ${divisor}`,
  custom: ({ message }) => (typeof message === 'string' ? message : 'has a wrong value'),
  invalid_union: () => 'fits none of the forms that are allowed',
}

const NAMES: Readonly<Record<string, string>> = {
  array: 'an array',
  int: 'a whole number',
  object: 'an object',
  record: 'an object',
}

const an = (expected: unknown): string => NAMES[String(expected)] ?? `a ${expected}`

const oneOf = (values: readonly unknown[]): string =>
  values.length === 1 ? JSON.stringify(values[0]) : `one of ${values.join(', ')}`

/** A value is compared itself, a text or list by its length. */
function bound(origin: unknown, relation: string, limit: unknown): string {
  if (origin === 'string') return `must have ${relation} ${limit} characters`
  if (origin === 'array' || origin === 'set') return `must have ${relation} ${limit} items`
  return `must be ${relation} ${limit}`
}
