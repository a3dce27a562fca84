/** Kubernetes Events about what changed: what `kubectl describe` and `kubectl get events` show. */
import type { Clock } from '../clock.ts'
import type { Change } from './catalogue.ts'
import { type KubeObject, toTimestamp } from './object.ts'
import type { ObjectSource } from './part.ts'

/** Makes Events of changes. */
export interface EventLog extends ObjectSource {
  record(changes: readonly Change[]): void
}

interface Note {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
}

const KEPT_EVENTS = 500

/** A log that holds the latest Events. */
export function createEventLog(clock: Clock): EventLog {
  const events: KubeObject[] = []
  const listeners = new Set<() => void>()

  function record(changes: readonly Change[]): void {
    const before = events.length
    for (const change of changes) {
      for (const note of toNotes(change)) events.push(toEvent(change.entry.object, note, clock))
    }
    if (events.length === before) return
    events.splice(0, Math.max(0, events.length - KEPT_EVENTS))
    for (const listener of listeners) listener()
  }

  return {
    record,
    objects: () => events,
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

type Teller = (object: KubeObject, before: KubeObject | undefined) => Note[]

/** The reasons that Knative's reconcilers use (serving `pkg/reconciler/{service,configuration,revision}`). */
const TELLERS: Readonly<Record<string, Teller>> = {
  'serving.knative.dev/Service': ({ metadata: { name } }, before) =>
    before
      ? []
      : ['Configuration', 'Route'].map(kind => normal('Created', `Created ${kind} "${name}"`)),
  'serving.knative.dev/Configuration': (object, before) => [
    ...onReady(object, before, normal('ConfigurationReady', 'Configuration becomes ready')),
    ...onValue(object, before, 'latestCreatedRevisionName', name =>
      normal('Created', `Created Revision "${name}"`),
    ),
    ...onValue(object, before, 'latestReadyRevisionName', name =>
      normal('LatestReadyUpdate', `LatestReadyRevisionName updated to "${name}"`),
    ),
    ...onFailed(object, before, 'LatestCreatedFailed'),
  ],
  'serving.knative.dev/Revision': (object, before) => [
    ...onReady(
      object,
      before,
      normal('RevisionReady', 'Revision becomes ready upon all resources being ready'),
    ),
    ...onFailed(object, before, 'InternalError'),
  ],
}

function toNotes({ type, entry, before }: Change): Note[] {
  if (type === 'DELETED') return []
  return TELLERS[`${entry.kind.group}/${entry.kind.kind}`]?.(entry.object, before?.object) ?? []
}

const normal = (reason: string, message: string): Note => ({ type: 'Normal', reason, message })

const readyOf = (object: KubeObject | undefined) =>
  object?.status?.conditions?.find(({ type }) => type === 'Ready')

function onReady(object: KubeObject, before: KubeObject | undefined, note: Note): Note[] {
  return readyOf(object)?.status === 'True' && readyOf(before)?.status !== 'True' ? [note] : []
}

function onFailed(object: KubeObject, before: KubeObject | undefined, reason: string): Note[] {
  const ready = readyOf(object)
  if (ready?.status !== 'False' || readyOf(before)?.status === 'False') return []
  return [{ type: 'Warning', reason, message: ready.message ?? ready.reason ?? 'failed' }]
}

function onValue(
  object: KubeObject,
  before: KubeObject | undefined,
  field: string,
  toNote: (value: string) => Note,
): Note[] {
  const value = object.status?.[field]
  return typeof value === 'string' && value !== before?.status?.[field] ? [toNote(value)] : []
}

function toEvent({ apiVersion, kind, metadata }: KubeObject, note: Note, clock: Clock): KubeObject {
  const { name, namespace, uid } = metadata
  const time = toTimestamp(clock.now())
  const id = crypto.randomUUID()
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: {
      name: `${name}.${id.slice(-12)}`,
      namespace,
      uid: id,
      generation: 1,
      creationTimestamp: time,
    },
    ...{
      involvedObject: { apiVersion, kind, name, namespace, uid },
      ...note,
      source: { component: `${kind.toLowerCase()}-controller` },
      firstTimestamp: time,
      lastTimestamp: time,
      count: 1,
    },
  }
}
