/** Failures as a Kubernetes API server tells them: `metav1.Status` (apimachinery `pkg/api/errors`). */
import type { Kind } from './kinds.ts'

/** Why, in the API's own words. */
export type StatusReason =
  | 'AlreadyExists'
  | 'BadRequest'
  | 'Conflict'
  | 'Expired'
  | 'Forbidden'
  | 'InternalError'
  | 'Invalid'
  | 'MethodNotAllowed'
  | 'NotAcceptable'
  | 'NotFound'
  | 'RequestEntityTooLarge'
  | 'Unauthorized'
  | 'UnsupportedMediaType'

/** The body of a failure. */
export interface Status {
  readonly kind: 'Status'
  readonly apiVersion: 'v1'
  readonly metadata: Record<string, never>
  readonly status: 'Failure'
  readonly message: string
  readonly reason: StatusReason
  readonly details?: Readonly<Record<string, unknown>>
  readonly code: number
}

const CODES: Readonly<Record<StatusReason, number>> = {
  AlreadyExists: 409,
  BadRequest: 400,
  Conflict: 409,
  Expired: 410,
  Forbidden: 403,
  InternalError: 500,
  Invalid: 422,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  NotFound: 404,
  RequestEntityTooLarge: 413,
  Unauthorized: 401,
  UnsupportedMediaType: 415,
}

/** A user error: the request cannot be done as it is. */
export class StatusError extends Error {
  override readonly name = 'StatusError'
  readonly code: StatusReason
  readonly status: Status

  constructor(reason: StatusReason, message: string, details?: Record<string, unknown>) {
    super(message)
    this.code = reason
    this.status = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      reason,
      ...(details && { details }),
      code: CODES[reason],
    }
  }
}

/** No object of this name. */
export function notFound(kind: Kind, name: string): StatusError {
  return about('NotFound', kind, name, `${quoted(kind, name)} not found`)
}

/** One of this name is there. */
export function alreadyExists(kind: Kind, name: string): StatusError {
  return about('AlreadyExists', kind, name, `${quoted(kind, name)} already exists`)
}

/** It was changed, or made anew, since the caller looked. */
export function conflict(kind: Kind, name: string, why: string = MODIFIED): StatusError {
  return about(
    'Conflict',
    kind,
    name,
    `Operation cannot be fulfilled on ${quoted(kind, name)}: ${why}`,
  )
}

/** The verb is not for this kind. */
export function notAllowed(kind: Kind, verb: string): StatusError {
  const message = `${verb} is not supported on ${toResource(kind)}: the emulator makes them itself`
  return new StatusError('MethodNotAllowed', message, { group: kind.group, kind: kind.plural })
}

/** `services.serving.knative.dev`, or the bare plural in the core group. */
export const toResource = ({ plural, group }: Kind): string =>
  group === '' ? plural : `${plural}.${group}`

const MODIFIED =
  'the object has been modified; please apply your changes to the latest version and try again'

const quoted = (kind: Kind, name: string): string => `${toResource(kind)} ${JSON.stringify(name)}`

function about(reason: StatusReason, kind: Kind, name: string, message: string): StatusError {
  return new StatusError(reason, message, { name, group: kind.group, kind: kind.plural })
}
