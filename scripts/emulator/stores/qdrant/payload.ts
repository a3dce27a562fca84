/** Payloads: JSON objects whose parts are named by paths such as `country.cities[].population`. */
import { wrongInput } from './error.ts'
import { isObject, type Json, type JsonObject } from './json.ts'

/** A key, an index, or `*` for every element. */
export type PathStep = { key: string } | { index: number } | '*'

/** A parsed path; the first step is always a key. */
export type Path = PathStep[]

/** Reads `a.b[0].c[]`; a key with other characters stands in double quotes. */
export function parsePath(text: string): Path {
  const known = parsed.get(text)
  if (known) return known
  const path: Path = []
  let rest = text
  while (rest !== '') {
    const step = rest.match(path.length === 0 ? FIRST_KEY : STEP)
    if (!step) throw wrongInput(`Invalid json path: \`${text}\``)
    const [whole, quoted, bare, index] = step
    if (quoted !== undefined || bare !== undefined) path.push({ key: quoted ?? bare ?? '' })
    else path.push(index ? { index: Number(index) } : '*')
    rest = rest.slice(whole.length)
  }
  if (path.length === 0) throw wrongInput(`Invalid json path: \`${text}\``)
  if (parsed.size < PATHS_KEPT) parsed.set(text, path)
  return path
}

/** Every value that `path` names. */
export function valuesAt(payload: Json, path: Path): Json[] {
  let values: Json[] = [payload]
  for (const step of path) {
    const next: Json[] = []
    for (const value of values) {
      if (step === '*') {
        if (Array.isArray(value)) next.push(...value)
      } else if ('index' in step) {
        const element = Array.isArray(value) ? value[step.index] : undefined
        if (element !== undefined) next.push(element)
      } else if (isObject(value) && Object.hasOwn(value, step.key)) {
        next.push(value[step.key] ?? null)
      }
    }
    values = next
  }
  return values
}

/** `payload` with `source` merged in at `path`; a null in `source` removes its key. */
export function merge(payload: JsonObject, source: JsonObject, path: Path = []): JsonObject {
  return change(payload, path, value => {
    const merged = Object.entries({ ...(isObject(value) ? value : {}), ...source })
    return Object.fromEntries(merged.filter(([key, part]) => part !== null || !Object.hasOwn(source, key)))
  }) as JsonObject
}

/** `payload` without what `path` names. */
export function without(payload: JsonObject, path: Path): JsonObject {
  const last = path.at(-1)
  if (last === undefined || last === '*') return payload
  return prune(payload, path.slice(0, -1), value => {
    if ('index' in last || !isObject(value)) return value
    return Object.fromEntries(Object.entries(value).filter(([key]) => key !== last.key))
  }) as JsonObject
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
  if (Array.isArray(value) && (step === '*' || 'index' in step)) {
    return value.map((part, at) =>
      step === '*' || ('index' in step && step.index === at) ? prune(part, rest, apply) : part,
    )
  }
  if (step === '*' || 'index' in step || !isObject(value) || !Object.hasOwn(value, step.key)) {
    return value
  }
  const inner = prune(value[step.key] ?? null, rest, apply)
  return { ...value, ...Object.fromEntries([[step.key, inner]]) }
}

const FIRST_KEY = /^(?:"([^"]+)"|([^."[\]]+))/
const STEP = /^(?:\.(?:"([^"]+)"|([^."[\]]+))|\[(\d*)\])/
const PATHS_KEPT = 1_000
const parsed = new Map<string, Path>()
