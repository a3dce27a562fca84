/** Typed reads of a field: the value when it is right, else a recorded problem and a harmless default. */
import { describe, type Field } from './field.ts'

/** A string, or undefined when it is missing or (reported) of another type. */
export function readText(field: Field): string | undefined {
  const { value } = field
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string') return value
  field.report(
    `must be a string, got ${describe(value)}${isPlain(value) ? ': put it in quotes' : ''}`,
  )
  return undefined
}

/** A string that must be there and not be empty. */
export function readRequired(field: Field): string {
  if (field.value === undefined || field.value === null || field.value === '') {
    field.report('missing field(s)')
    return ''
  }
  return readText(field) ?? ''
}

/** A whole number within bounds, or the default when it is missing or (reported) wrong. */
export function readInteger<T extends number | undefined>(
  field: Field,
  { min, max, fallback }: { min: number; max?: number; fallback: T },
): number | T {
  const { value } = field
  if (value === undefined || value === null) return fallback
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    field.report(`must be a whole number, got ${describe(value)}`)
    return fallback
  }
  if (value < min || (max !== undefined && value > max)) {
    field.report(
      max === undefined ? `invalid value: ${value}` : `expected ${min} <= ${value} <= ${max}`,
    )
    return fallback
  }
  return value
}

/** A mapping of strings; members of another type are reported. */
export function readTextMap(field: Field): Record<string, string> {
  const result: Record<string, string> = {}
  for (const [key, member] of field.members()) {
    const text = readText(member)
    if (text !== undefined) result[key] = text
  }
  return result
}

/** A list of strings, or undefined when it is missing. */
export function readTextList(field: Field): string[] | undefined {
  if (field.value === undefined || field.value === null) return undefined
  return field.items().map(item => readText(item) ?? '')
}

/** Reports every member that is neither known nor (with Knative's defaults) forbidden. */
export function refuseUnknown(
  field: Field,
  known: readonly string[],
  forbidden: readonly string[] = [],
): void {
  for (const [key, member] of field.members()) {
    if (forbidden.includes(key)) member.report('must not set the field(s)')
    else if (!known.includes(key)) member.report(`unknown field "${member.path}"`)
  }
}

const isPlain = (value: unknown): boolean => typeof value !== 'object'
