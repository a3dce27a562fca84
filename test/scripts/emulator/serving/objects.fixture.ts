/** The objects of a serving as `kubectl` would show them. */
import { expect } from 'vitest'
import type { KubeObject } from '../../../../scripts/emulator/control/object.ts'
import type { World } from './world.ts'

/** The object of that kind and name. */
export const find = (world: World, kind: string, name: string): KubeObject | undefined =>
  world.serving.objects().find(object => object.kind === kind && object.metadata.name === name)

/** Its status; empty when there is none. */
export const status = (world: World, kind: string, name: string): Record<string, unknown> =>
  find(world, kind, name)?.status ?? {}

/** One of its conditions without the time of its transition, which is looked at here. */
export function condition(
  world: World,
  kind: string,
  name: string,
  type: string,
): Record<string, unknown> | undefined {
  const conditions = find(world, kind, name)?.status?.conditions ?? []
  const found = conditions.find(each => each.type === type)
  if (!found) return undefined
  const { lastTransitionTime, ...rest } = found
  expect(lastTransitionTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  return rest
}

/** Its condition `Ready`; empty when there is none. */
export const ready = (world: World, kind: string, name: string): Record<string, unknown> =>
  condition(world, kind, name, 'Ready') ?? {}

/** The names of all revisions. */
export const revisions = (world: World): string[] =>
  world.serving
    .objects()
    .filter(({ kind }) => kind === 'Revision')
    .map(({ metadata }) => metadata.name)
