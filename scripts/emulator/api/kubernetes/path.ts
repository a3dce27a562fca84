/** The paths of a Kubernetes API: which resource a request is about. */
import { KINDS, type Kind } from '../../control/kinds.ts'

/** A resource, or one object of it. */
export interface ResourcePath {
  readonly kind: Kind
  readonly version: string
  /** Absent: all of them. */
  readonly namespace?: string
  readonly name?: string
  readonly subresource?: string
}

/** The group and version of a path, and what follows. */
interface GroupPath {
  readonly group: string
  readonly version: string
  readonly rest: readonly string[]
}

/**
 * Reads `/api/v1/…` and `/apis/<group>/<version>/…`; undefined when the path leads to no kind that is served.
 */
export function parseResourcePath(pathname: string): ResourcePath | undefined {
  const path = splitGroup(pathname)
  if (!path || path.rest.length === 0) return undefined
  const { group, version } = path
  const find = (plural: string | undefined): Kind | undefined =>
    KINDS.find(
      kind => kind.plural === plural && kind.group === group && kind.versions.includes(version),
    )
  const [first, second, third, ...more] = path.rest
  if (first === 'namespaces' && third !== undefined && second !== undefined) {
    const kind = find(third)
    if (kind?.namespaced) return toPath(kind, version, more, second)
    // `/namespaces/<name>/status` is about the namespace itself.
    if (group !== '' || more.length > 0) return undefined
  }
  const kind = find(first)
  const rest = path.rest.slice(1)
  if (!kind || (kind.namespaced && rest.length > 0)) return undefined
  return toPath(kind, version, rest)
}

function toPath(
  kind: Kind,
  version: string,
  rest: readonly string[],
  namespace?: string,
): ResourcePath | undefined {
  const [name, subresource, ...beyond] = rest
  if (beyond.length > 0) return undefined
  return {
    kind,
    version,
    ...(namespace !== undefined && { namespace }),
    ...(name !== undefined && { name }),
    ...(subresource !== undefined && { subresource }),
  }
}

function splitGroup(pathname: string): GroupPath | undefined {
  const parts = decode(pathname)
  if (!parts) return undefined
  const [root, ...rest] = parts
  if (root === 'api') {
    const [version, ...more] = rest
    return version === undefined ? undefined : { group: '', version, rest: more }
  }
  const [group, version, ...more] = rest
  if (root !== 'apis' || group === undefined || version === undefined) return undefined
  return { group, version, rest: more }
}

function decode(pathname: string): string[] | undefined {
  try {
    return pathname
      .split('/')
      .filter(part => part !== '')
      .map(decodeURIComponent)
  } catch {
    return undefined
  }
}
