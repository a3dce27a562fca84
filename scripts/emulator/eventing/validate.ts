/** What makes a set of attributes a CloudEvent 1.0, as strict as Knative's ingress and no stricter. */

import { type Attributes, type AttributeValue, EventError } from './event.ts'

/** Attributes that every event must carry, in the order in which Knative names them. */
const REQUIRED = ['specversion', 'id', 'source', 'type'] as const

/** Attributes of the specification, whose values are strings; an empty optional one counts as absent. */
const SPECIFIED = new Set([...REQUIRED, 'subject', 'time', 'datacontenttype', 'dataschema'])

/** Names that the JSON format uses for the data itself. */
const RESERVED = new Set(['data', 'data_base64'])

/**
 * Checked attributes under lower-case names.
 * @throws EventError naming the first attribute that is wrong
 */
export function parseAttributes(entries: Iterable<readonly [string, unknown]>): Attributes {
  const attributes: Attributes = {}
  for (const [rawName, value] of entries) {
    if (value === null || value === undefined) continue
    const name = toName(rawName)
    if (SPECIFIED.has(name)) {
      if (typeof value !== 'string')
        throw new EventError(`"${name}" must be a string, got ${kind(value)}`)
      if (value === '') continue
      attributes[name] = wellFormed(name, value)
    } else attributes[name] = toExtension(name, value)
  }
  for (const name of REQUIRED) {
    if (!Object.hasOwn(attributes, name))
      throw new EventError(`"${name}" must be a non-empty string, got nothing`)
  }
  if (attributes.specversion !== '1.0') {
    throw new EventError(`"specversion" must be 1.0, got ${attributes.specversion}`)
  }
  for (const [name, rule] of Object.entries(RULES)) {
    const value = attributes[name]
    if (value !== undefined && !rule.holds(String(value))) {
      throw new EventError(`"${name}" must be ${rule.wanted}, got ${quote(String(value))}`)
    }
  }
  return attributes
}

const RULES: Record<string, { wanted: string; holds: (value: string) => boolean }> = {
  source: { wanted: 'a URI reference', holds: isUriReference },
  dataschema: {
    wanted: 'an absolute URI',
    holds: value => SCHEME.test(value) && isUriReference(value),
  },
  time: { wanted: 'an RFC 3339 timestamp', holds: isTimestamp },
  datacontenttype: { wanted: 'a media type', holds: value => MEDIA_TYPE.test(value) },
}

const SCHEME = /^[a-z][a-z0-9+.-]*:/i
const MEDIA_TYPE = /^[!#$%&'*+.^_`|~\w-]+(\/[!#$%&'*+.^_`|~\w-]+)?[ \t]*(;[\t\x20-\x7e]*)?$/
const TIMESTAMP = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d+)?(Z|[+-](\d\d):(\d\d))$/i

/** Names as sdk-go takes them: any letters and digits, any length, kept in lower case. */
function toName(raw: string): string {
  const name = raw.toLowerCase()
  if (RESERVED.has(name)) throw new EventError(`"${name}" must not be used as an attribute name`)
  if (!/^[a-z0-9]+$/.test(name)) {
    throw new EventError(`attribute names must consist of letters and digits, got ${quote(raw)}`)
  }
  return name
}

function toExtension(name: string, value: unknown): AttributeValue {
  if (typeof value === 'string') return wellFormed(name, value)
  if (typeof value === 'boolean') return value
  if (typeof value === 'number' && (value | 0) === value) return value
  throw new EventError(
    `"${name}" must be a string, a boolean or a 32-bit integer, got ${kind(value)}`,
  )
}

function wellFormed(name: string, value: string): string {
  if (!value.isWellFormed())
    throw new EventError(`"${name}" must be well-formed Unicode, got a lone surrogate`)
  return value
}

/** Go's `url.Parse`, which is what Knative's ingress asks. */
function isUriReference(value: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
  if (/[\x00-\x1f\x7f]|%(?![0-9a-f]{2})/i.test(value)) return false
  if (/^[^/?#]*:/.test(value) && !SCHEME.test(value)) return false
  return !/^(?:[^/?#]*:)?\/\/[^/?#]*\s/.test(value)
}

function isTimestamp(value: string): boolean {
  const parts = TIMESTAMP.exec(value)
  if (!parts) return false
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  const daysInMonth = new Date(Date.UTC(year, month, 0)).getUTCDate()
  if (month < 1 || month > 12 || day < 1 || day > (year < 100 ? 31 : daysInMonth)) return false
  return (
    hour < 24 &&
    minute < 60 &&
    second < 60 &&
    Number(parts[9] ?? 0) < 24 &&
    Number(parts[10] ?? 0) < 60
  )
}

function kind(value: unknown): string {
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'object' ? 'an object' : `${typeof value} ${quote(String(value))}`
}

const quote = (value: string): string =>
  JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value)
