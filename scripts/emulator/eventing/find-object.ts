/** How an object finds another one among all of them, and whether that is ready. */
import type { Condition } from '../control/conditions.ts'
import type { KubeObject } from '../control/object.ts'
import { groupOf, type PolicyObject } from './policy/identity.ts'
import type { ObjectReference } from './resolve.ts'

/** The object of that name, in whichever version of its group. */
export function findObject(
  objects: readonly KubeObject[],
  wanted: ObjectReference | PolicyObject,
): KubeObject | undefined {
  const { kind, namespace, name } = wanted
  const group = 'group' in wanted ? wanted.group : groupOf(wanted.apiVersion)
  return objects.find(
    object =>
      object.kind === kind &&
      object.metadata.name === name &&
      object.metadata.namespace === namespace &&
      groupOf(object.apiVersion) === group,
  )
}

/** The `Ready` condition of an object. */
export function readyOf(object: KubeObject | undefined): Condition | undefined {
  return object?.status?.conditions?.find(({ type }) => type === 'Ready')
}
