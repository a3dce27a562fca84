/** Patches of an object: JSON merge patch (RFC 7386) and JSON patch (RFC 6902). */
import { isDeepStrictEqual } from 'node:util'
import { isObject } from '../manifests/field.ts'
import { StatusError } from './status-error.ts'

/** RFC 7386: members replace, null removes, anything but an object replaces the whole. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch
  const result: Record<string, unknown> = isObject(target) ? { ...target } : {}
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else
      define(result, key, mergePatch(Object.hasOwn(result, key) ? result[key] : undefined, value))
  }
  return result
}

/**
 * RFC 6902, whole or not at all.
 * @throws StatusError that names the operation which cannot be done
 */
export function jsonPatch(target: unknown, operations: unknown): unknown {
  if (!Array.isArray(operations)) throw new StatusError('BadRequest', '"patch" must be a list')
  const holder = { root: structuredClone(target) }
  for (const [index, operation] of operations.entries()) {
    try {
      run(holder, operation)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      throw new StatusError(
        'Invalid',
        `the server rejected our request: operation ${index}: ${why}`,
      )
    }
  }
  return holder.root
}

interface Holder {
  root: unknown
}

function run(holder: Holder, operation: unknown): void {
  if (!isObject(operation)) throw new TypeError('"operation" must be a mapping')
  const { op, path, from, value } = operation
  const keys = parsePointer(path)
  const table: Record<string, () => void> = {
    add: () => put(holder, keys, structuredClone(value), true),
    replace: () => {
      read(holder, keys)
      put(holder, keys, structuredClone(value), false)
    },
    remove: () => void take(holder, keys),
    move: () => put(holder, keys, take(holder, parsePointer(from)), true),
    copy: () => put(holder, keys, structuredClone(read(holder, parsePointer(from))), true),
    test: () => {
      if (!isDeepStrictEqual(read(holder, keys), value)) {
        throw new TypeError(`testing value ${String(path)} failed`)
      }
    },
  }
  const action = typeof op === 'string' && Object.hasOwn(table, op) ? table[op] : undefined
  if (!action) throw new TypeError(`"op" must be ${Object.keys(table).join(', ')}`)
  action()
}

function parsePointer(path: unknown): string[] {
  if (typeof path !== 'string' || (path !== '' && !path.startsWith('/'))) {
    throw new TypeError(`"path" must be a JSON pointer, got ${JSON.stringify(path)}`)
  }
  return path
    .split('/')
    .slice(1)
    .map(part => part.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function read(holder: Holder, keys: readonly string[]): unknown {
  return keys.reduce<unknown>((value, key) => {
    if (Array.isArray(value)) return value[toIndex(value, key, value.length - 1)]
    if (isObject(value) && Object.hasOwn(value, key)) return value[key]
    throw new TypeError(`there is nothing at ${key}`)
  }, holder.root)
}

function put(holder: Holder, keys: readonly string[], value: unknown, insert: boolean): void {
  const key = keys.at(-1)
  if (key === undefined) {
    holder.root = value
    return
  }
  const parent = read(holder, keys.slice(0, -1))
  if (Array.isArray(parent)) {
    const index =
      key === '-' ? parent.length : toIndex(parent, key, parent.length - (insert ? 0 : 1))
    parent.splice(index, insert ? 0 : 1, value)
  } else if (isObject(parent)) define(parent, key, value)
  else throw new TypeError(`there is nothing to set ${key} in`)
}

function take(holder: Holder, keys: readonly string[]): unknown {
  const value = read(holder, keys)
  const key = keys.at(-1)
  if (key === undefined) throw new TypeError('the whole cannot be removed')
  const parent = read(holder, keys.slice(0, -1))
  if (Array.isArray(parent)) parent.splice(Number(key), 1)
  else if (isObject(parent)) delete parent[key]
  return value
}

function toIndex(list: readonly unknown[], key: string, max: number): number {
  const index = /^(0|[1-9]\d*)$/.test(key) ? Number(key) : -1
  if (index < 0 || index > max) {
    throw new TypeError(`"index" must be from 0 to ${max} of ${list.length} items, got ${key}`)
  }
  return index
}

/** Never the setter of `__proto__`. */
function define(object: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(object, key, {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  })
}
