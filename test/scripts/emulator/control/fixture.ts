/** A control plane over one part that keeps Services, Brokers and Triggers and does nothing with them. */
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type Clock, createClock } from '../../../../scripts/emulator/clock.ts'
import {
  type ControlPlane,
  createControlPlane,
} from '../../../../scripts/emulator/control/control-plane.ts'
import { findKind, type Kind } from '../../../../scripts/emulator/control/kinds.ts'
import { openKeyedStore } from '../../../../scripts/emulator/keyed-store.ts'
import { createTestLog, temporaryDirectory } from '../eventing/fixture.ts'
import { createTestPart, type TestPart } from './test-part.ts'

/** What a test works with. */
export interface ControlBench {
  readonly control: ControlPlane
  readonly part: TestPart
  readonly clock: Clock
  readonly lines: { level: string; message: string }[]
}

/** On the same `file` it is the same cluster after a restart. */
export function createControlBench({
  file = join(temporaryDirectory(), 'objects.sqlite'),
}: {
  file?: string
} = {}): ControlBench {
  const clock = createClock({ scale: 0, start: Date.parse('2026-01-01T00:00:00Z') })
  const { log, lines } = createTestLog()
  const part = createTestPart(clock)
  const store = openKeyedStore(file, 'what clients applied')
  const control = createControlPlane({ parts: [part], clock, log, store })
  onTestFinished(() => {
    control.close()
    store.close()
  })
  return { control, part, clock, lines }
}

/** The kind, which the test knows to be there. */
export function kindOf(apiVersion: string, name: string): Kind {
  const kind = findKind(apiVersion, name)
  if (!kind) throw new Error(`no kind ${name}`)
  return kind
}

export function serviceDocument(
  name: string,
  { image = 'registry.test/hello', ...metadata }: Record<string, unknown> & { image?: string } = {},
): Record<string, unknown> {
  return {
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Service',
    metadata: { name, namespace: 'app', ...metadata },
    spec: { template: { spec: { containers: [{ image }] } } },
  }
}

export function triggerDocument(
  name: string,
  spec: Record<string, unknown> = {},
): Record<string, unknown> {
  return {
    apiVersion: 'eventing.knative.dev/v1',
    kind: 'Trigger',
    metadata: { name, namespace: 'app' },
    spec: { broker: 'default', subscriber: { uri: 'http://a.test/' }, ...spec },
  }
}
