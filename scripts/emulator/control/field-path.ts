/** The path of a field as problems name it, `spec.containers[0]["a b"]`, taken apart again. */

const STEP = /\.?([\w-]+)|\[(\d+)\]|\["([^"]*)"\]/g

/** The keys of a path. */
export function parseFieldPath(path: string): (string | number)[] {
  return [...path.matchAll(STEP)].map(([, name, index, quoted]) =>
    index === undefined ? (name ?? quoted ?? '') : Number(index),
  )
}

/** A copy without the fields at the paths. */
export function withoutFields<T>(value: T, paths: readonly string[]): T {
  const copy = structuredClone(value)
  for (const path of paths) {
    const keys = parseFieldPath(path)
    const parent = keys
      .slice(0, -1)
      .reduce<unknown>(
        (at, key) => (typeof at === 'object' && at !== null ? Reflect.get(at, key) : undefined),
        copy,
      )
    const last = keys.at(-1)
    if (typeof parent === 'object' && parent !== null && last !== undefined) {
      Reflect.deleteProperty(parent, last)
    }
  }
  return copy
}
