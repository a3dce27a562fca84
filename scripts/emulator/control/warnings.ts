/** What a client is told although its object was taken. */
import type { Kind } from './kinds.ts'
import type { Reference } from './reference.ts'

/** What holds on a cluster but not here, or not yet. */
export function toWarnings({ kind, role }: Kind, { namespace }: Reference): string[] {
  const isConfig = kind === 'ConfigMap' && /^knative-(serving|eventing)$/.test(namespace)
  return [
    ...(role === 'idle' ? [`${kind} is kept and shown, but the emulator does not run it`] : []),
    ...(isConfig ? ['the emulator reads its own ConfigMaps when it starts'] : []),
  ]
}
