/** What a client sends to PATCH, by its media type. */
import type { PatchType } from '../../control/control-plane.ts'
import type { Kind } from '../../control/kinds.ts'
import { StatusError } from '../../control/status-error.ts'
import { isObject } from '../../manifests/field.ts'
import type { Body } from './body.ts'

const STRATEGIC = 'application/strategic-merge-patch+json'
const PATCHES: Readonly<Record<string, PatchType>> = {
  'application/merge-patch+json': 'merge',
  'application/json-patch+json': 'json',
  'application/apply-patch+yaml': 'apply',
  [STRATEGIC]: 'merge',
}

/**
 * How a patch is meant, and its value.
 * @throws StatusError when the kind cannot be patched so
 */
export function toPatch(kind: Kind, { type, value }: Body): { type: PatchType; value: unknown } {
  const meant = Object.hasOwn(PATCHES, type) ? PATCHES[type] : undefined
  if (!meant || (type === STRATEGIC && isCustom(kind))) {
    throw new StatusError(
      'UnsupportedMediaType',
      `the body of the request was in an unknown format - accepted media types include: ${Object.keys(PATCHES).join(', ')}`,
    )
  }
  return { type: meant, value: type === STRATEGIC ? dropDirectives(value) : value }
}

/** Kinds of a CustomResourceDefinition know no strategic merge. */
const isCustom = ({ group }: Kind): boolean => group.endsWith('knative.dev')

/** What a strategic merge says of lists has no meaning when lists are replaced. */
function dropDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(dropDirectives)
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !key.startsWith('$'))
      .map(([key, member]) => [key, dropDirectives(member)]),
  )
}
