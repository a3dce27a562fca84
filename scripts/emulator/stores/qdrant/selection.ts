/** Which parts of a point a request asks for (`with_payload`, `with_vector`). */
import { formatError } from './error.ts'
import { isObject, type Json, type JsonObject, toArray, toText } from './json.ts'
import { merge, type Path, parsePath, valuesAt, without } from './payload.ts'

/** Gives the payload to answer with, or nothing. */
export type PayloadView = (payload: JsonObject) => JsonObject | undefined

/** Reads `with_payload`: a flag, a list of keys, or `{include}` or `{exclude}`. */
export function parseWithPayload(value: Json | undefined, fallback: boolean): PayloadView {
  const wanted = value ?? fallback
  if (wanted === true) return payload => payload
  if (wanted === false) return () => undefined
  if (isObject(wanted) && 'exclude' in wanted) {
    const paths = toPaths(wanted.exclude)
    return payload => paths.reduce(without, payload)
  }
  const paths = toPaths(isObject(wanted) && 'include' in wanted ? wanted.include : wanted)
  return payload => paths.reduce((seen, path) => include(seen, payload, path), {} as JsonObject)
}

/** Reads `with_vector`: the store has one unnamed vector, so a list of names gives nothing but "". */
export function parseWithVector(value: Json | undefined): boolean {
  if (value === undefined) return false
  if (typeof value === 'boolean') return value
  return toArray(value, 'boolean or list of vector names').includes('')
}

function toPaths(value: Json | undefined): Path[] {
  return toArray(value, 'payload selector').map(key => parsePath(toText(key, 'payload key')))
}

/** Keeps the key that `path` starts with; of a longer path of plain keys, only the part it names. */
function include(seen: JsonObject, payload: JsonObject, path: Path): JsonObject {
  const keys: string[] = []
  for (const step of path) {
    if (typeof step === 'object' && 'key' in step) keys.push(step.key)
    else break
  }
  const last = keys.at(-1)
  if (last === undefined) throw formatError('expected a payload key')
  const named = keys.map(key => ({ key }))
  const [value] = valuesAt(payload, named)
  if (value === undefined) return seen
  return merge(seen, Object.fromEntries([[last, value]]), named.slice(0, -1))
}
