/** The `range` part of a field condition, over numbers or over dates. */
import { formatError } from './error.ts'
import { describe, type Json, type JsonObject } from './json.ts'

/** Whether one payload value lies within the bounds; bounds that are texts are dates. */
export function createRange(range: JsonObject): (value: Json) => boolean {
  const bounds = Object.entries(range).filter(([, bound]) => bound !== null)
  const dates = bounds.some(([, bound]) => typeof bound === 'string')
  const checks = bounds.map(([name, bound]) => {
    const compare = COMPARE[name]
    if (!compare) {
      throw formatError(
        `unknown field \`${name}\`, expected one of \`lt\`, \`gt\`, \`gte\`, \`lte\``,
      )
    }
    const limit = dates ? parseDate(bound) : bound
    if (typeof limit !== 'number') {
      throw formatError(`invalid value: ${describe(bound)}, expected a number or a date and time`)
    }
    return (value: number): boolean => compare(value, limit)
  })
  return value => {
    const number = dates ? parseDate(value) : value
    return typeof number === 'number' && checks.every(check => check(number))
  }
}

/** Milliseconds of an RFC 3339 date; without a zone it is UTC. */
export function parseDate(value: Json | undefined): number | undefined {
  if (typeof value !== 'string') return undefined
  const match = value.trim().match(DATE)
  if (!match) return undefined
  const [, day, time = '00:00:00', zone = 'Z'] = match
  const ms = Date.parse(`${day}T${time}${zone.toUpperCase()}`)
  return Number.isNaN(ms) ? undefined : ms
}

const DATE = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(Z|[+-]\d{2}:\d{2})?)?$/i

const COMPARE: Record<string, (value: number, limit: number) => boolean> = {
  lt: (value, limit) => value < limit,
  lte: (value, limit) => value <= limit,
  gt: (value, limit) => value > limit,
  gte: (value, limit) => value >= limit,
}
