/** How objects are looked at. */
import type { KubeObject } from '../../../../scripts/emulator/control/object.ts'
import type { Eventing } from '../../../../scripts/emulator/eventing/eventing.ts'
import type { ObjectReference } from '../../../../scripts/emulator/eventing/resolve.ts'

/** A Service that nobody made. */
export const KSVC: ObjectReference = {
  apiVersion: 'serving.knative.dev/v1',
  kind: 'Service',
  name: 'orders',
  namespace: 'app',
}

export function object(eventing: Eventing, kind: string, name: string): KubeObject {
  const found = eventing.objects().find(each => each.kind === kind && each.metadata.name === name)
  if (!found) throw new Error(`no ${kind} ${name}`)
  return found
}

/** `type: status reason: message`, one line each. */
export function conditions({ status }: KubeObject): string[] {
  return (status?.conditions ?? []).map(({ type, status: value, reason, message }) =>
    [`${type}: ${value}`, reason, message].filter(part => part !== undefined).join(' | '),
  )
}
