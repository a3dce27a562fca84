/** The keys of the in-process Redis, each with its type and the time at which it ends. */
import { MESSAGE, RedisError } from './reply.ts'

/** The value of each type. A sorted set is a map from member to score. */
export interface Values {
  string: string
  hash: Map<string, string>
  list: string[]
  set: Set<string>
  zset: Map<string, number>
}

/** A type's name as `TYPE` says it. */
export type TypeName = keyof Values

/** One key. */
export interface Entry {
  type: TypeName
  value: Values[TypeName]
  /** Milliseconds since the epoch; absent for a key that stays. */
  expiresAt?: number | undefined
}

/** All keys. Expired ones are never seen. */
export interface Keyspace {
  now(): number
  entry(key: string): Entry | undefined
  /** The value when the key exists. @throws RedisError WRONGTYPE when it has another type */
  read<T extends TypeName>(key: string, type: T): Values[T] | undefined
  /** The value, made empty when the key does not exist. */
  open<T extends TypeName>(key: string, type: T): Values[T]
  /** Replaces the key whatever it was; its end goes unless `keepTtl`. */
  set(key: string, type: TypeName, value: Values[TypeName], options?: { keepTtl?: boolean }): void
  remove(key: string): boolean
  /** Removes the key when its collection is empty. */
  tidy(key: string): void
  keys(): string[]
  clear(): void
}

/** Makes an empty keyspace that tells the time by `now`. */
export function createKeyspace(now: () => number): Keyspace {
  const entries = new Map<string, Entry>()

  function entry(key: string): Entry | undefined {
    const found = entries.get(key)
    if (found?.expiresAt === undefined || found.expiresAt > now()) return found
    entries.delete(key)
    return undefined
  }

  function read<T extends TypeName>(key: string, type: T): Values[T] | undefined {
    const found = entry(key)
    if (!found) return undefined
    if (found.type !== type) throw new RedisError(MESSAGE.wrongType)
    return found.value as Values[T]
  }

  return {
    now,
    entry,
    read,
    open(key, type) {
      const found = read(key, type)
      if (found !== undefined) return found
      const made = EMPTY[type]()
      entries.set(key, { type, value: made })
      return made
    },
    set(key, type, value, { keepTtl = false } = {}) {
      entries.set(key, { type, value, expiresAt: keepTtl ? entry(key)?.expiresAt : undefined })
    },
    remove: key => entry(key) !== undefined && entries.delete(key),
    tidy(key) {
      const found = entry(key)
      if (!found || typeof found.value === 'string') return
      const size = Array.isArray(found.value) ? found.value.length : found.value.size
      if (size === 0) entries.delete(key)
    },
    keys: () => [...entries.keys()].filter(key => entry(key) !== undefined),
    clear: () => entries.clear(),
  }
}

const EMPTY: { [T in TypeName]: () => Values[T] } = {
  string: () => '',
  hash: () => new Map(),
  list: () => [],
  set: () => new Set(),
  zset: () => new Map(),
}
