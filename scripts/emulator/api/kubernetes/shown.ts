/** Objects in the form that a client asked for: whole, their metadata alone, or a table to print. */
import type { Entry } from '../../control/catalogue.ts'
import { AGE, COLUMNS, type Column } from '../../control/columns.ts'
import { fromStoredSpec, isOlderEventType } from '../../control/event-type-version.ts'
import { type Kind, toApiVersion } from '../../control/kinds.ts'

/** The form of objects in an answer. */
export type Form = 'object' | 'metadata' | 'table'

/** What `Accept` asks for; undefined when none of it can be given. */
export function chooseForm(accept: string | undefined): Form | undefined {
  const types = (accept ?? '*/*').split(',').map(type => type.trim())
  for (const type of types) {
    if (!/^(application\/json|application\/\*|\*\/\*)(;|$)/.test(type)) continue
    const as = /;\s*as=(\w+)/.exec(type)?.[1]
    const isV1 = /;\s*v=v1(;|$)/.test(type)
    if (as === undefined) return 'object'
    if (as === 'Table' && isV1) return 'table'
    if ((as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') && isV1) {
      return 'metadata'
    }
  }
  return undefined
}

/** How objects are shown. */
export interface View {
  readonly form: Form
  /** The version of their group that was asked for. */
  readonly version: string
  /** Virtual milliseconds, for ages. */
  readonly now: number
}

/** One object, as a table has it too. */
export function showOne(entry: Entry, view: View): unknown {
  const forms: Record<Form, () => unknown> = {
    object: () => toWhole(entry, view.version),
    metadata: () => toMetadataOnly(entry),
    table: () => toTable(entry.kind, [entry], { resourceVersion: String(entry.version) }, view),
  }
  return forms[view.form]()
}

/** A list; `metadata` has its version and where it goes on. */
export function showList(
  kind: Kind,
  entries: readonly Entry[],
  metadata: Record<string, unknown>,
  view: View,
): unknown {
  const forms: Record<Form, () => unknown> = {
    object: () => ({
      kind: `${kind.kind}List`,
      apiVersion: toApiVersion(kind, view.version),
      metadata,
      items: entries.map(entry => toWhole(entry, view.version)),
    }),
    metadata: () => ({
      kind: 'PartialObjectMetadataList',
      apiVersion: META,
      metadata,
      items: entries.map(toMetadataOnly),
    }),
    table: () => toTable(kind, entries, metadata, view),
  }
  return forms[view.form]()
}

const META = 'meta.k8s.io/v1'

function toWhole(entry: Entry, version: string): Record<string, unknown> {
  const { apiVersion: _stored, kind: _kind, metadata: _metadata, ...content } = entry.object
  return {
    apiVersion: toApiVersion(entry.kind, version),
    kind: entry.kind.kind,
    metadata: toMetadata(entry),
    ...content,
    ...(isOlderEventType(entry.kind, version) && { spec: fromStoredSpec(content.spec) }),
  }
}

function toMetadata({ kind, object, version }: Entry): Record<string, unknown> {
  const { namespace, ...metadata } = object.metadata
  return {
    ...metadata,
    ...(kind.namespaced && { namespace }),
    resourceVersion: String(version),
  }
}

const toMetadataOnly = (entry: Entry): Record<string, unknown> => ({
  kind: 'PartialObjectMetadata',
  apiVersion: META,
  metadata: toMetadata(entry),
})

const NAME: Column = { name: 'Name', type: 'string', value: ({ metadata }) => metadata.name }

function toTable(
  kind: Kind,
  entries: readonly Entry[],
  metadata: Record<string, unknown>,
  { now }: View,
): Record<string, unknown> {
  const columns = [NAME, ...(COLUMNS[`${kind.group}/${kind.kind}`] ?? [AGE])]
  return {
    kind: 'Table',
    apiVersion: META,
    metadata,
    columnDefinitions: columns.map(({ name, type, priority = 0 }) => ({
      name,
      type,
      format: name === 'Name' ? 'name' : '',
      description: '',
      priority,
    })),
    rows: entries.map(entry => ({
      cells: columns.map(({ type, value }) => toCell(type, value(entry.object), now)),
      object: toMetadataOnly(entry),
    })),
  }
}

/** Nothing is an empty cell; a time is told as an age, which is the server's to count. */
function toCell(type: Column['type'], value: unknown, now: number): unknown {
  if (value === undefined || value === null) return type === 'date' ? '<unknown>' : ''
  if (type === 'integer') return value
  return type === 'date' ? toAge(now - Date.parse(String(value))) : String(value)
}

const [MINUTE, HOUR, DAY] = [60, 3_600, 86_400]

/** In the largest units that say enough: apimachinery `duration.HumanDuration`. */
function toAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000))
  const minutes = Math.floor(seconds / MINUTE)
  const hours = Math.floor(seconds / HOUR)
  const days = Math.floor(seconds / DAY)
  const and = (rest: number, unit: string): string => (rest > 0 ? `${rest}${unit}` : '')
  if (seconds < 2 * MINUTE) return `${seconds}s`
  if (minutes < 10) return `${minutes}m${and(seconds % 60, 's')}`
  if (minutes < 3 * 60) return `${minutes}m`
  if (hours < 8) return `${hours}h${and(minutes % 60, 'm')}`
  if (hours < 48) return `${hours}h`
  return days < 8 ? `${days}d${and(hours % 24, 'h')}` : `${days}d`
}
