/** The one table of errors: what a code means over HTTP, and whether trying again can help. */

/** Every code that a client can meet. */
export type ErrorCode =
  | 'invalid_request'
  | 'unauthenticated'
  | 'token_invalid'
  | 'token_expired'
  | 'token_revoked'
  | 'permission_denied'
  | 'not_found'
  | 'method_not_allowed'
  | 'request_timeout'
  | 'conflict'
  | 'busy'
  | 'payload_too_large'
  | 'unsupported_media_type'
  | 'validation_failed'
  | 'rate_limited'
  | 'internal'
  | 'upstream_error'
  | 'circuit_open'
  | 'dependency_unavailable'
  | 'model_unavailable'
  | 'upstream_timeout'

/** What a code means over HTTP. */
export interface ErrorKind {
  status: number
  retryable: boolean
  title: string
}

/** `status` decides what a broker does next: 404, 408, 409, 429 and 5xx are delivered again, other 4xx are final. */
const CODES: Record<ErrorCode, ErrorKind> = {
  invalid_request: { status: 400, retryable: false, title: 'the request cannot be read' },
  unauthenticated: { status: 401, retryable: false, title: 'no valid credentials' },
  token_invalid: { status: 401, retryable: false, title: 'the token is not valid' },
  token_expired: { status: 401, retryable: false, title: 'the token has expired' },
  token_revoked: { status: 401, retryable: false, title: 'the token has been revoked' },
  permission_denied: { status: 403, retryable: false, title: 'not allowed' },
  not_found: { status: 404, retryable: false, title: 'no such thing here' },
  method_not_allowed: {
    status: 405,
    retryable: false,
    title: 'the path does not take this method',
  },
  request_timeout: {
    status: 408,
    retryable: false,
    title: 'the request did not arrive in time',
  },
  conflict: { status: 409, retryable: false, title: 'it contradicts the present state' },
  busy: { status: 409, retryable: true, title: 'somebody is working on it right now' },
  payload_too_large: { status: 413, retryable: false, title: 'the body is too large' },
  unsupported_media_type: {
    status: 415,
    retryable: false,
    title: 'the content type is not understood',
  },
  validation_failed: { status: 422, retryable: false, title: 'a field has a wrong value' },
  rate_limited: { status: 429, retryable: true, title: 'too many requests' },
  internal: { status: 500, retryable: true, title: 'an unexpected error' },
  upstream_error: { status: 502, retryable: true, title: 'a service behind this one failed' },
  circuit_open: {
    status: 503,
    retryable: true,
    title: 'a service behind this one is being left alone',
  },
  dependency_unavailable: {
    status: 503,
    retryable: true,
    title: 'a store or service cannot be reached',
  },
  model_unavailable: { status: 503, retryable: true, title: 'no model can answer now' },
  upstream_timeout: {
    status: 504,
    retryable: true,
    title: 'a service behind this one took too long',
  },
}

/** What an `AppError` may carry besides its code and message. */
export interface ErrorOptions {
  cause?: unknown
  /** Facts that help the caller and are safe to show: field names, limits, waiting times. */
  details?: Record<string, unknown>
  /** Seconds after which another try makes sense; becomes `Retry-After`. */
  retryAfterSeconds?: number
  /** Another function's error: it speaks of our request to it, not of the one that we were asked. */
  remote?: boolean
}

/** An error that was foreseen: its message and details may be shown to the caller, its cause never is. */
export class AppError extends Error {
  override readonly name = 'AppError'
  readonly code: ErrorCode
  readonly status: number
  readonly retryable: boolean
  readonly details: Record<string, unknown>
  readonly retryAfterSeconds: number | undefined
  readonly remote: boolean

  constructor(code: ErrorCode, message: string = CODES[code].title, options: ErrorOptions = {}) {
    super(message, { cause: options.cause })
    this.code = code
    this.status = CODES[code].status
    this.retryable = CODES[code].retryable
    this.details = options.details ?? {}
    this.retryAfterSeconds = options.retryAfterSeconds
    this.remote = options.remote ?? false
  }
}

/** Who reports an error, and during which request. */
export interface ErrorSite {
  service: string
  endpoint: string
  requestId: string
  now: number
}

/** The error body that every service answers with. */
export interface ErrorEnvelope {
  error: {
    code: string
    message: string
    details: Record<string, unknown>
    request_id: string
    timestamp: string
  }
}

/** Anything thrown, as an `AppError`; what was not foreseen becomes an opaque `internal`. */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown
  if (isDatabaseAway(thrown)) {
    return new AppError('dependency_unavailable', 'the database cannot be reached', {
      cause: thrown,
      details: { dependency: 'sql' },
    })
  }
  if (isUnstorable(thrown)) {
    return new AppError('validation_failed', 'a value cannot be stored as it is', { cause: thrown })
  }
  return new AppError('internal', 'an unexpected error, quote the request id when you report it', {
    cause: thrown,
  })
}

/** The driver's codes and PostgreSQL's classes for a server that is away, starting, stopping or full. */
const DATABASE_AWAY =
  /^(ECONNREFUSED|ECONNRESET|EPIPE|CONNECT_TIMEOUT|CONNECTION_(CLOSED|ENDED|DESTROYED)|57P0\d|53300|08\w{3})$/

const isDatabaseAway = (thrown: unknown): boolean =>
  thrown instanceof Error && 'code' in thrown && DATABASE_AWAY.test(String(thrown.code))

/** PostgreSQL's class 22: the data, such as a text with a NUL or a date far away; no other try can help. */
const isUnstorable = (thrown: unknown): boolean =>
  thrown instanceof Error && 'code' in thrown && /^22[0-9A-Z]{3}$/.test(String(thrown.code))

/** The envelope of the error contract, e.g. `{ error: { code: 'SERVICE_UNAVAILABLE', … } }` in lower-case codes. */
export function toEnvelope(error: AppError, site: ErrorSite): ErrorEnvelope {
  const retry = error.retryAfterSeconds
  return {
    error: {
      code: error.code,
      message: error.message,
      details: {
        service: site.service,
        endpoint: site.endpoint,
        ...error.details,
        ...(retry !== undefined && { retry_after: `${retry}s` }),
      },
      request_id: site.requestId,
      timestamp: new Date(site.now).toISOString(),
    },
  }
}

/** RFC 9457, for callers that ask for `application/problem+json`. */
export function toProblem(error: AppError, site: ErrorSite): Record<string, unknown> {
  return {
    type: `urn:aiwfe:error:${error.code}`,
    title: CODES[error.code].title,
    status: error.status,
    detail: error.message,
    instance: `urn:uuid:${site.requestId}`,
    code: error.code,
    ...error.details,
  }
}

/** Headers that belong to an error whatever its body looks like (RFC 9110 10.2.3, 11.6.1). */
export function errorHeaders(error: AppError): Record<string, string> {
  return {
    ...(error.retryAfterSeconds !== undefined && {
      'retry-after': String(error.retryAfterSeconds),
    }),
    ...(error.status === 401 && { 'www-authenticate': `Bearer error="${error.code}"` }),
  }
}

/** Reads another service's envelope back into an error of ours; anything else becomes `upstream_error`. */
export function fromEnvelope(status: number, body: unknown, service: string): AppError {
  const found = (body as Partial<ErrorEnvelope> | null)?.error
  if (found && typeof found.code === 'string' && found.code in CODES) {
    return new AppError(found.code as ErrorCode, String(found.message), {
      details: typeof found.details === 'object' && found.details ? found.details : {},
      remote: true,
    })
  }
  return new AppError('upstream_error', `${service} answered ${status}`, { remote: true })
}

/** Every code with its status, for OpenAPI and for tests that compare both sides. */
export function errorTable(): Readonly<Record<ErrorCode, ErrorKind>> {
  return CODES
}
