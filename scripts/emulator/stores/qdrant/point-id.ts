/** The id of a point: an unsigned integer or a UUID. */
import { formatError } from './error.ts'
import type { Json } from './json.ts'

/** A number, or a UUID in its hyphenated lower-case form. */
export type PointId = number | string

/** Takes every form of a UUID that Qdrant takes: hyphenated, simple, braced, urn. */
export function parsePointId(value: Json): PointId {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) {
    // JSON numbers above this lose digits in JavaScript: another point would be written.
    if (Number.isSafeInteger(value)) return value
    throw formatError(`value ${value} must be a point ID of at most ${Number.MAX_SAFE_INTEGER}`)
  }
  if (typeof value === 'string') {
    const digits = value.match(UUID)?.slice(1).find(Boolean)?.replaceAll('-', '').toLowerCase()
    if (digits !== undefined)
      return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
  }
  throw formatError(
    `value ${typeof value === 'string' ? value : JSON.stringify(value)} is not a valid point ID, valid values are either an unsigned integer or a UUID`,
  )
}

/** Qdrant's order: numbers first, then UUIDs. */
export function comparePointIds(a: PointId, b: PointId): number {
  if (typeof a === 'number') return typeof b === 'number' ? a - b : -1
  if (typeof b === 'number') return 1
  return a < b ? -1 : a > b ? 1 : 0
}

const HYPHENATED = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'
const UUID = new RegExp(
  `^(?:(${HYPHENATED})|([0-9a-f]{32})|\\{(${HYPHENATED})\\}|urn:uuid:(${HYPHENATED}))$`,
  'i',
)
