/** The settings in a ConfigMap: texts that are numbers, durations and flags within the bounds that Knative checks. */
import { parseGoDuration } from './duration.ts'

/** What a number must be; durations are milliseconds. */
export interface Rule {
  readonly isRight: (value: number) => boolean
  /** Follows "must be". */
  readonly says: string
  /** `disabled` may be said in its place, and is Infinity. */
  readonly orDisabled?: true
}

/** The data of one ConfigMap; what cannot be read or is out of bounds is reported, and the fallback holds. */
export interface ConfigValues {
  text(key: string, fallback: string): string
  flag(key: string, fallback: boolean): boolean
  number<T extends number | undefined>(key: string, fallback: T, rule: Rule): number | T
  /** Milliseconds of a Go duration. */
  duration(key: string, fallback: number, rule: Rule): number
  /** Keys that none of these was asked for, but for examples. */
  unread(): string[]
}

/** Opens the data. */
export function createConfigValues(
  data: Readonly<Record<string, string>>,
  report: (problem: string) => void,
): ConfigValues {
  const asked = new Set<string>()

  function read<T, F>(key: string, fallback: F, rule: string, convert: Convert<T>): T | F {
    asked.add(key)
    const text = data[key]
    if (text === undefined) return fallback
    const value = convert(text.trim())
    if (value === undefined) {
      report(`"${key}" must be ${rule}, got ${JSON.stringify(text)}: the default holds`)
    }
    return value ?? fallback
  }

  return {
    text: (key, fallback) => read(key, fallback, 'a text', text => text || undefined),
    flag: (key, fallback) =>
      read(key, fallback, 'true or false', text =>
        /^(true|false)$/i.test(text) ? text.toLowerCase() === 'true' : undefined,
      ),
    number: (key, fallback, rule) => read(key, fallback, rule.says, within(rule, toNumber)),
    duration: (key, fallback, rule) =>
      read(key, fallback, rule.says, within(rule, parseGoDuration)),
    unread: () => Object.keys(data).filter(key => !asked.has(key) && !key.startsWith('_')),
  }
}

/** A whole number. */
export function whole(min: number, max: number = Number.MAX_SAFE_INTEGER): Rule {
  const isBounded = max !== Number.MAX_SAFE_INTEGER
  return {
    isRight: value => Number.isInteger(value) && value >= min && value <= max,
    says: isBounded ? `a whole number from ${min} to ${max}` : `a whole number of at least ${min}`,
  }
}

/** Any number that is not less. */
export const atLeast = (min: number): Rule => ({
  isRight: value => value >= min,
  says: `a number of at least ${min}`,
})

/** Any number that is more. */
export const above = (min: number): Rule => ({
  isRight: value => value > min,
  says: `a number above ${min}`,
})

/** The same rule, where `disabled` is right too. */
export const orDisabled = (rule: Rule): Rule => ({
  ...rule,
  says: `${rule.says}, or disabled`,
  orDisabled: true,
})

type Convert<T> = (text: string) => T | undefined

function within({ isRight, orDisabled: mayEnd }: Rule, convert: Convert<number>): Convert<number> {
  return text => {
    if (mayEnd && text === 'disabled') return Number.POSITIVE_INFINITY
    const value = convert(text)
    return value !== undefined && isRight(value) ? value : undefined
  }
}

function toNumber(text: string): number | undefined {
  const value = text === '' ? Number.NaN : Number(text)
  return Number.isFinite(value) ? value : undefined
}
