/** What to change of an event: by options, or by hand in an editor. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { EventsArguments } from './events-arguments.ts'
import { EventsError, type ShownEvent } from './events-client.ts'

/** The `edit` of a resend. */
export interface Edit {
  readonly attributes?: Readonly<Record<string, unknown>>
  readonly data?: unknown
  readonly data_base64?: string
}

/** What `--set` and `--data` ask for; undefined when neither was given. */
export function toEdit({ set, data }: Pick<EventsArguments, 'set' | 'data'>): Edit | undefined {
  const hasAttributes = Object.keys(set).length > 0
  if (!hasAttributes && data === undefined) return undefined
  return {
    ...(hasAttributes && { attributes: set }),
    ...(data !== undefined && { data: readData(data) }),
  }
}

/** Opens `$VISUAL`, `$EDITOR` or `vi` on the event as a JSON document; undefined when nothing was changed. */
export function editByHand(
  event: ShownEvent,
  environment: Readonly<Record<string, string | undefined>>,
): Edit | undefined {
  const before = toDocument(event)
  const folder = mkdtempSync(join(tmpdir(), 'aiwfe-event-'))
  const file = join(folder, 'event.json')
  try {
    writeFileSync(file, `${JSON.stringify(before, null, 2)}\n`, { mode: 0o600 })
    const editor = environment.VISUAL || environment.EDITOR || 'vi'
    // A shell, because the variable may hold options: EDITOR="code --wait".
    const { status, error } = spawnSync('sh', ['-c', `${editor} "$1"`, 'sh', file], {
      stdio: 'inherit',
    })
    if (error || status !== 0) {
      throw new EventsError(`"${editor}" ended with ${error?.message ?? status}: nothing was sent`)
    }
    return toChanges(before, parse(readFileSync(file, 'utf8')))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The event in the JSON format, without what the broker wrote on it. */
function toDocument({ attributes, data, data_base64 }: ShownEvent): Record<string, unknown> {
  const own = Object.entries(attributes).filter(([name]) => !name.startsWith('knative'))
  return {
    ...Object.fromEntries(own),
    ...(data !== undefined && { data }),
    ...(data_base64 !== undefined && { data_base64 }),
  }
}

/** Removed members become null; the id is the new event's own matter unless it was changed by hand. */
export function toChanges(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): Edit | undefined {
  if (isDeepStrictEqual(before, after)) return undefined
  const names = new Set([...Object.keys(before), ...Object.keys(after)])
  const changed = [...names].filter(
    name => !BODIES.includes(name) && !isDeepStrictEqual(before[name], after[name]),
  )
  const attributes = Object.fromEntries(changed.map(name => [name, after[name] ?? null]))
  const body = BODIES.some(name => !isDeepStrictEqual(before[name], after[name]))
  const base64 = after.data_base64
  return {
    ...(changed.length > 0 && { attributes }),
    ...(body && typeof base64 === 'string' && { data_base64: base64 }),
    ...(body && base64 === undefined && { data: after.data ?? null }),
  }
}

const BODIES = ['data', 'data_base64']

function readData(text: string): unknown {
  const content = text.startsWith('@') ? readFile(text.slice(1)) : text
  try {
    return JSON.parse(content)
  } catch {
    return content
  }
}

function readFile(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new EventsError(`"${path}" cannot be read`, { cause })
  }
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return { ...value }
    }
  } catch {
    // Told below.
  }
  throw new EventsError('the event must be a JSON object, got something else: nothing was sent')
}
