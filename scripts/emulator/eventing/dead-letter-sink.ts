/** Where the dead letters of a resource go, as its status says it. */

import type { DeliverySpec } from '../manifests/types.ts'
import type { Mark, World } from './reconciled.ts'
import { resolve } from './resolve.ts'

/** The condition, the field of the status, and the URL; neither of the latter without a sink that can be found. */
export function resolveDeadLetterSink(
  delivery: DeliverySpec | undefined,
  world: World,
): {
  mark: Mark
  status: { deadLetterSinkUri?: string }
  resolved: { deadLetterUrl?: string }
} {
  const type = 'DeadLetterSinkResolved'
  const sink = delivery?.deadLetterSink
  const found = sink && resolve(sink, world.resolveRef, 'delivery.deadLetterSink')
  if (!found) {
    const message = 'No dead letter sink is configured.'
    const mark: Mark = [type, 'True', 'DeadLetterSinkNotConfigured', message]
    return { mark, status: {}, resolved: {} }
  }
  if ('error' in found) {
    const reason = "Unable to get the dead letter sink's URI"
    return { mark: [type, 'False', reason, found.error], status: {}, resolved: {} }
  }
  return {
    mark: [type, 'True'],
    status: { deadLetterSinkUri: found.url },
    resolved: { deadLetterUrl: found.url },
  }
}
