/** What tests of kept objects begin with. */
import { join } from 'node:path'
import type { Kind } from '../../../../scripts/emulator/control/kinds.ts'
import type { Reference } from '../../../../scripts/emulator/control/reference.ts'
import { openKeyedStore } from '../../../../scripts/emulator/keyed-store.ts'
import { readManifests } from '../../../../scripts/emulator/manifests/load.ts'
import { temporaryDirectory } from '../eventing/fixture.ts'
import { type ControlBench, createControlBench, kindOf } from './fixture.ts'

export const SERVICE: Kind = kindOf('serving.knative.dev/v1', 'Service')
export const hello: Reference = { kind: SERVICE, namespace: 'app', name: 'hello' }

export const place = (): string => join(temporaryDirectory(), 'objects.sqlite')

/** What is on the disk now. */
export function keysOf(file: string): string[] {
  const store = openKeyedStore(file, 'what clients applied')
  const keys = store.entries().map(([key]) => key)
  store.close()
  return keys
}

/** A bench with what files and the clients of former runs say. */
export async function startBench(
  file: string,
  ...files: Record<string, unknown>[]
): Promise<ControlBench> {
  const bench = createControlBench({ file })
  await bench.control.start(readManifests(files))
  return bench
}

/** An owner that is a Service. */
export const ownerOf = (name: string): Record<string, unknown> => ({
  apiVersion: 'serving.knative.dev/v1',
  kind: 'Service',
  name,
  uid: `uid-${name}`,
})

/** A ConfigMap that goes with the Service `hello`, unless that is named otherwise. */
export const ownedMap = (
  name: string,
  uid?: string,
  more: Record<string, unknown> = {},
  owner = 'hello',
): Record<string, unknown> => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {
    ...more,
    name,
    namespace: 'app',
    ...(uid !== undefined && { ownerReferences: [{ ...ownerOf(owner), uid }] }),
  },
  data: {},
})
