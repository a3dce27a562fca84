/** Cross-origin rules (Fetch Standard 3.2): a page of a listed origin may call the API with its own bearer token. */

/** Answers for one list of origins. Credentials are never allowed: there are no cookies to send. */
export interface Cors {
  /** Headers of an ordinary answer. */
  headers(origin: string | undefined): [string, string][]
  /** Headers of the answer to a preflight for a path that takes `methods`. */
  preflight(origin: string | undefined, methods: readonly string[]): [string, string][]
}

const ALLOWED =
  'authorization, content-type, idempotency-key, last-event-id, traceparent, x-request-id'
const EXPOSED = 'location, ratelimit, ratelimit-policy, retry-after, x-request-id, x-response-time'

/** Origins are compared whole: no prefix, suffix, wildcard or `null` ever matches. */
export function createCors(origins: readonly string[]): Cors {
  const allowed = new Set(origins)

  function headers(origin: string | undefined): [string, string][] {
    if (allowed.size === 0) return []
    if (origin === undefined || !allowed.has(origin)) return [['vary', 'Origin']]
    return [
      ['vary', 'Origin'],
      ['access-control-allow-origin', origin],
      ['access-control-expose-headers', EXPOSED],
    ]
  }

  return {
    headers,
    preflight(origin, methods) {
      const found = headers(origin)
      if (found.length < 2) return found
      return [
        ...found,
        ['access-control-allow-methods', methods.join(', ')],
        ['access-control-allow-headers', ALLOWED],
        ['access-control-max-age', '600'],
      ]
    },
  }
}
