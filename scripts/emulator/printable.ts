/** Text of others on a terminal: what would move its cursor or change its colours is written out. */

/** Control characters as `\x1b`; line breaks and tabs as well, for they would pass for the program's own lines. */
export function toPrintable(text: string): string {
  return text.replace(CONTROL, toEscape)
}

/** Every text within a value, at any depth; the value's shape stays. */
export function withPrintable<T>(value: T): T {
  if (typeof value === 'string') return toPrintable(value) as T
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(withPrintable) as T
  // The same names with values of the same types.
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [toPrintable(name), withPrintable(each)]),
  ) as T
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const CONTROL = /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

function toEscape(character: string): string {
  const code = character.charCodeAt(0)
  return code < 0x100
    ? `\\x${code.toString(16).padStart(2, '0')}`
    : `\\u${code.toString(16).padStart(4, '0')}`
}
