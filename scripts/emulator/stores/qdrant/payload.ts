/** Payloads: JSON objects whose parts are named by paths such as `country.cities[].population`. */
import { wrongInput } from './error.ts'
import { isObject, type Json, type JsonObject } from './json.ts'

/** A key, an index, or `*` for every element. */
export type PathStep = { key: string } | { index: number } | '*'

/** A parsed path; the first step is always a key. */
export type Path = PathStep[]

/** Reads `a.b[0].c[]`; a key with other characters stands in double quotes. */
export function parsePath(text: string): Path {
  const path: Path = []
  let rest = text
  while (rest !== '') {
    const step = rest.match(path.length === 0 ? FIRST_KEY : STEP)
    if (!step) throw wrongInput(`Invalid json path: \`${text}\``)
    const [whole, quoted, bare, index] = step
    const key = quoted ?? bare
    if (key !== undefined) path.push({ key })
    else path.push(index ? { index: Number(index) } : '*')
    rest = rest.slice(whole.length)
  }
  if (path.length === 0) throw wrongInput(`Invalid json path: \`${text}\``)
  return path
}

/** Every value that `path` names. */
export function valuesAt(payload: Json, path: Path): Json[] {
  let values: Json[] = [payload]
  for (const step of path) values = values.flatMap(value => stepInto(value, step))
  return values
}

/** `payload` with `source` merged in at `path`; a null in `source` removes its key (qdrant `merge_map`). */
export function merge(payload: JsonObject, source: JsonObject, path: Path = []): JsonObject {
  const removed = Object.keys(source).filter(key => source[key] === null)
  return change(payload, path, value => {
    const merged = Object.entries({ ...(isObject(value) ? value : {}), ...source })
    return Object.fromEntries(merged.filter(([key]) => !removed.includes(key)))
  }) as JsonObject
}

/** `payload` without what `path` names. */
export function without(payload: JsonObject, path: Path): JsonObject {
  const last = path.at(-1)
  if (last === undefined || last === '*' || 'index' in last) return payload
  return prune(payload, path.slice(0, -1), value =>
    isObject(value)
      ? Object.fromEntries(Object.entries(value).filter(([key]) => key !== last.key))
      : value,
  ) as JsonObject
}

/** Wrapped, so that a value that is a list stays one. */
function stepInto(value: Json, step: PathStep): Json[] {
  if (step === '*') return Array.isArray(value) ? value : []
  if ('index' in step) {
    const element = Array.isArray(value) ? value[step.index] : undefined
    return element === undefined ? [] : [element]
  }
  return isObject(value) && Object.hasOwn(value, step.key) ? [value[step.key] ?? null] : []
}

/** Rewrites the value at `path`, making the objects on the way. */
function change(value: Json, path: Path, apply: (value: Json) => Json): Json {
  const [step, ...rest] = path
  if (step === undefined) return apply(value)
  if (step === '*') return Array.isArray(value) ? value.map(part => change(part, rest, apply)) : []
  if ('index' in step) {
    if (!Array.isArray(value)) return []
    return value.map((part, at) => (at === step.index ? change(part, rest, apply) : part))
  }
  const object = isObject(value) ? value : {}
  const inner = Object.hasOwn(object, step.key) ? (object[step.key] ?? null) : null
  return { ...object, ...Object.fromEntries([[step.key, change(inner, rest, apply)]]) }
}

/** Rewrites the value at `path` only where it exists. */
function prune(value: Json, path: Path, apply: (value: Json) => Json): Json {
  const [step, ...rest] = path
  if (step === undefined) return apply(value)
  if (step === '*') {
    return Array.isArray(value) ? value.map(part => prune(part, rest, apply)) : value
  }
  if ('index' in step) {
    if (!Array.isArray(value)) return value
    return value.map((part, at) => (step.index === at ? prune(part, rest, apply) : part))
  }
  if (!isObject(value) || !Object.hasOwn(value, step.key)) return value
  const inner = prune(value[step.key] ?? null, rest, apply)
  return { ...value, ...Object.fromEntries([[step.key, inner]]) }
}

const FIRST_KEY = /^(?:"([^"]+)"|([^."[\]]+))/
const STEP = /^(?:\.(?:"([^"]+)"|([^."[\]]+))|\[(\d*)\])/
