/** Headers of every answer that tell a browser to do nothing with it but read it (OWASP ASVS 5.0, 3.4). */

/** The API serves data: no script, no frame, no guessing of types, HTTPS for a year. */
export const SECURITY_HEADERS: readonly (readonly [string, string])[] = [
  ['x-content-type-options', 'nosniff'],
  ['content-security-policy', "default-src 'none'; frame-ancestors 'none'"],
  ['strict-transport-security', 'max-age=31536000; includeSubDomains'],
  ['referrer-policy', 'no-referrer'],
  ['cross-origin-resource-policy', 'same-origin'],
]

/** Their names, and others that the gateway alone decides about. */
export const OWN_HEADERS: ReadonlySet<string> = new Set([
  ...SECURITY_HEADERS.map(([name]) => name),
  'access-control-allow-origin',
  'access-control-allow-credentials',
  'access-control-expose-headers',
  'ratelimit',
  'ratelimit-policy',
])
