/** The start: what files say and what clients made beside them is in force before anything is asked for. */
import type { Log } from '../log.ts'
import type { Manifests } from '../manifests/types.ts'
import { type ClientObjects, toName } from './client-objects.ts'
import type { Intake } from './intake.ts'
import type { Kind } from './kinds.ts'
import { inOrder } from './manifest-sync.ts'
import { toReference } from './reference.ts'
import type { Stored } from './stored.ts'

/** Where the objects come together. */
export interface StartupOptions {
  readonly intake: Intake
  readonly clients: ClientObjects
  readonly stored: Stored
  readonly log: Log
}

/** Objects of clients that are told by their names. */
const NAMED = 10

/**
 * Brokers, Channels, Triggers and Subscriptions of files are in force already: the broker opened with them.
 * @throws Error of the part that cannot take what a file says
 */
export async function startObjects(
  manifests: Manifests,
  { intake, clients, stored, log }: StartupOptions,
): Promise<void> {
  for (const { namespace } of [...manifests.services, ...manifests.brokers]) {
    stored.ensureNamespace(namespace)
  }
  const files = inOrder(manifests).map(read => ({ read, reference: toReference(read) }))
  for (const { reference } of files) if (reference) clients.adopt(reference)
  const restored = clients.restore()
  if (restored.length > 0) {
    const names = restored.slice(0, NAMED).map(({ reference }) => toName(reference))
    const more = restored.length > NAMED ? ` and ${restored.length - NAMED} more` : ''
    const all = `${names.join(', ')}${more}`
    log.info('emulator', `back from before the restart, as clients made them: ${all}`)
  }
  for (const phase of PHASES) {
    for (const { read, reference } of phase === 'broker' ? [] : files) {
      if (phaseOf(reference?.kind) !== phase) continue
      const { file, line, name } = read.resource
      const onWarning = (text: string): void => log.warn(name, `${file}:${line}: ${text}`)
      const handed = await intake.adopt(read, { starting: true, onWarning })
      await handed?.done()
    }
    for (const object of restored) {
      if (phaseOf(object.reference.kind) === phase) await intake.restore(object)
    }
  }
}

/**
 * What is stored comes first, for others ask for it. Triggers come before sources, whose first event may be theirs, and
 * Services last: what is bound into them is known then.
 */
const PHASES = ['stored', 'broker', 'eventing', 'serving'] as const
const BROKER = ['Broker', 'Channel', 'InMemoryChannel', 'Trigger', 'Subscription']

function phaseOf(kind: Kind | undefined): (typeof PHASES)[number] {
  if (kind?.role !== 'run') return 'stored'
  if (kind.group === 'serving.knative.dev') return 'serving'
  return BROKER.includes(kind.kind) ? 'broker' : 'eventing'
}
