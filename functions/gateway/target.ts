/** One canonical spelling of a request's target, for routing, for rights and for forwarding alike. */
import { AppError } from '../../shared/errors.ts'

/** A request target in origin form, taken apart but not decoded. */
export interface Target {
  path: string
  /** With its `?`, or empty. */
  search: string
}

/** RFC 3986 3.3 `pchar` without `;`, whose parameters servers read differently. */
const PATH = /^\/(?:[\w\-.~!$&'()*+,=:@/]|%[0-9A-Fa-f]{2})*$/
const SEARCH = /^(?:\?[\x21\x24-\x3b\x3d\x3f-\x5a\x5f\x61-\x7a\x7e%[\]]*)?$/
/** Encoded slash, backslash, dot and NUL, and whatever a normaliser would change: what we check must be what is served. */
const AMBIGUOUS = /%(?:2f|5c|2e|00)|\/\/|\/\.{1,2}(?:\/|$)/i

/**
 * Takes a request target apart.
 * @throws {@link AppError} `invalid_request` when two servers could read it in two ways
 */
export function parseTarget(target: string): Target {
  const mark = target.indexOf('?')
  const path = mark < 0 ? target : target.slice(0, mark)
  const search = mark < 0 ? '' : target.slice(mark)
  if (!PATH.test(path) || AMBIGUOUS.test(path) || !SEARCH.test(search)) {
    throw new AppError('invalid_request', 'the path must be in its one canonical form')
  }
  return { path, search }
}
