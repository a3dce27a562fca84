/** A cursor over a YAML document: knows the path and line of every value, so that a check can say where. */
import { type Document, isMap, isPair, isScalar, isSeq, type LineCounter, type Node } from 'yaml'
import type { ManifestProblem } from './manifest-error.ts'

/** One value in a manifest, or the place where it is missing (`value` is then undefined). */
export interface Field {
  readonly path: string
  readonly value: unknown
  /** The member of a mapping or list; a missing one is a field too. */
  get(key: string | number): Field
  /** The items of a list; reports and gives none when it is something else. */
  items(): Field[]
  /** The members of a mapping; reports and gives none when it is something else. */
  members(): [string, Field][]
  /** Records a problem at this place, or `at` some of its members together. */
  report(message: string, more?: { at?: readonly string[]; details?: string }): void
  /** The 1-based line of the value, or of the nearest parent when it is missing. */
  line(): number
}

/** What a document is read from, and where its problems go. */
export interface FieldSource {
  readonly file: string
  readonly document: Document
  readonly lines: LineCounter
  readonly problems: ManifestProblem[]
}

/** The root field of a parsed document. */
export function createField({ file, document, lines, problems }: FieldSource): Field {
  const place: Place = keys => lines.linePos(offsetOf(document, keys))
  return fieldAt({ file, problems, place }, [], document.toJS() as unknown)
}

/** The root field of a value that has no lines, such as a request's JSON: its problems stand at 1:1. */
export function createJsonField(
  value: unknown,
  { file, problems }: Pick<FieldSource, 'file' | 'problems'>,
): Field {
  return fieldAt({ file, problems, place: () => ({ line: 1, col: 1 }) }, [], value)
}

type Place = (keys: readonly (string | number)[]) => { line: number; col: number }

interface Source {
  readonly file: string
  readonly problems: ManifestProblem[]
  readonly place: Place
}

function fieldAt(source: Source, keys: readonly (string | number)[], value: unknown): Field {
  const path = toPath(keys)
  const position = (): { line: number; col: number } => source.place(keys)
  const child = (key: string | number, of: unknown): Field => fieldAt(source, [...keys, key], of)
  const report: Field['report'] = (message, { at, details } = {}) => {
    const { line, col } = position()
    const field = at?.map(key => toPath([...keys, key])).join(', ') ?? path
    const place = { file: source.file, line, column: col, field }
    source.problems.push({ ...place, message, ...(details !== undefined && { details }) })
  }
  return {
    path,
    value,
    report,
    line: () => position().line,
    get: key =>
      child(key, isObject(value) || Array.isArray(value) ? Reflect.get(value, key) : undefined),
    items: () => {
      if (value === undefined || value === null) return []
      if (Array.isArray(value)) return value.map((item, index) => child(index, item))
      report(`must be a list, got ${describe(value)}`)
      return []
    },
    members: () => {
      if (value === undefined || value === null) return []
      if (isObject(value)) return Object.entries(value).map(([key, of]) => [key, child(key, of)])
      report(`must be a mapping, got ${describe(value)}`)
      return []
    },
  }
}

/** `got …` for a message: the value when it is short, else its kind. */
export function describe(value: unknown): string {
  if (value === undefined || value === null) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a mapping'
  const text =
    typeof value === 'string' ? JSON.stringify(value) : `${typeof value} ${String(value)}`
  return text.length > 80 ? `${text.slice(0, 77)}…` : text
}

/** Whether a value is a mapping. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function toPath(keys: readonly (string | number)[]): string {
  return keys
    .map(key => {
      if (typeof key === 'number') return `[${key}]`
      return /^[\w-]+$/.test(key) ? `.${key}` : `["${key}"]`
    })
    .join('')
    .replace(/^\./, '')
}

/** Where the deepest existing part of the path starts: the key of a mapping's member, the item of a list. */
function offsetOf(document: Document, keys: readonly (string | number)[]): number {
  let node: unknown = document.contents
  let offset = startOf(node) ?? 0
  for (const key of keys) {
    if (isMap(node)) {
      const pair = node.items.find(item => isScalar(item.key) && item.key.value === key)
      if (!isPair(pair)) break
      offset = startOf(pair.key) ?? offset
      node = pair.value
    } else if (isSeq(node)) {
      node = node.items[Number(key)]
      offset = startOf(node) ?? offset
    } else break
  }
  return offset
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0]
}
