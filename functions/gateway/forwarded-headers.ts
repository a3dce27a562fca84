/** Which headers cross the gateway. Into the platform only a list passes; out of it all but a list. */
import type { IncomingHttpHeaders } from 'node:http'

/** What a client may say to a function. Anything that a function could trust one day is left out by not being here. */
const PASSED_IN = [
  'accept',
  'accept-language',
  'content-type',
  'idempotency-key',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-unmodified-since',
  'last-event-id',
  'prefer',
  'range',
  'user-agent',
] as const

/** RFC 9110 7.6.1 hop-by-hop fields, and what the gateway says itself. */
const KEPT_BACK = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'date',
  'server',
  'via',
  'x-powered-by',
  'x-request-id',
  'x-response-time',
  'authorization',
  'set-cookie',
  'alt-svc',
])

/** The client's headers that a function gets to see, in pairs. */
export function toInward(headers: IncomingHttpHeaders): string[] {
  const inward = ['via', '1.1 aiwfe']
  const listed = listOf(headers.connection)
  for (const name of PASSED_IN) {
    const value = headers[name]
    if (typeof value === 'string' && !listed?.includes(name)) inward.push(name, value)
  }
  return inward
}

/** A function's raw headers as the client gets them, in pairs; those named in `replaced` are left to the gateway. */
export function toOutward(
  raw: readonly string[],
  connection: string | undefined,
  replaced: ReadonlySet<string>,
): string[] {
  const listed = listOf(connection)
  const outward: string[] = []
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? ''
    const key = name.toLowerCase()
    if (KEPT_BACK.has(key) || replaced.has(key) || listed?.includes(key)) continue
    outward.push(name, raw[i + 1] ?? '')
  }
  return outward
}

/** The options of `Connection` that name headers; `keep-alive` and `close` alone name none. */
function listOf(connection: string | undefined): string[] | undefined {
  if (!connection || connection === 'keep-alive' || connection === 'close') return undefined
  return connection.split(',').map(name => name.trim().toLowerCase())
}
