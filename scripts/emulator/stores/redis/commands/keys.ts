/** Commands on keys of any type, and on the server. */
import type { Keyspace } from '../keyspace.ts'
import { MESSAGE, OK, RedisError, type Reply, toInteger } from '../reply.ts'
import type { CommandTable } from './command.ts'
import { toPattern } from './pattern.ts'

/** `DEL`, `EXPIRE`, `SCAN`, `PING` and their family. */
export const keyCommands: CommandTable = {
  del: { arity: -2, write: true, run: (args, keys) => args.filter(key => keys.remove(key)).length },
  unlink: {
    arity: -2,
    write: true,
    run: (args, keys) => args.filter(key => keys.remove(key)).length,
  },
  exists: { arity: -2, run: (args, keys) => args.filter(key => keys.entry(key)).length },
  touch: { arity: -2, run: (args, keys) => args.filter(key => keys.entry(key)).length },
  expire: { arity: -3, write: true, run: (args, keys) => expire(args, keys, 1000, true) },
  pexpire: { arity: -3, write: true, run: (args, keys) => expire(args, keys, 1, true) },
  expireat: { arity: -3, write: true, run: (args, keys) => expire(args, keys, 1000, false) },
  pexpireat: { arity: -3, write: true, run: (args, keys) => expire(args, keys, 1, false) },
  ttl: {
    arity: 2,
    run: ([key = ''], keys) => left(key, keys, ms => Math.floor((ms + 500) / 1000)),
  },
  pttl: { arity: 2, run: ([key = ''], keys) => left(key, keys, ms => ms) },
  persist: {
    arity: 2,
    write: true,
    run: ([key = ''], keys) => {
      const entry = keys.entry(key)
      if (entry?.expiresAt === undefined) return 0
      entry.expiresAt = undefined
      return 1
    },
  },
  type: { arity: 2, run: ([key = ''], keys) => ({ status: keys.entry(key)?.type ?? 'none' }) },
  keys: {
    arity: 2,
    run: ([glob = ''], keys) => {
      const pattern = toPattern(glob)
      return keys.keys().filter(key => pattern.test(key))
    },
  },
  scan: { arity: -2, run: scan },
  randomkey: { arity: 1, run: (_, keys) => keys.keys()[0] ?? null },
  rename: { arity: 3, write: true, run: ([from = '', to = ''], keys) => rename(from, to, keys) },
  renamenx: {
    arity: 3,
    write: true,
    run: ([from = '', to = ''], keys) => {
      if (!keys.entry(from)) throw new RedisError(MESSAGE.noKey)
      if (keys.entry(to)) return 0
      rename(from, to, keys)
      return 1
    },
  },
  time: {
    arity: 1,
    run: (_, keys) => [
      String(Math.floor(keys.now() / 1000)),
      String(Math.floor(keys.now() % 1000) * 1000),
    ],
  },
  ping: { arity: -1, run: ([text]) => text ?? { status: 'PONG' } },
  echo: { arity: 2, run: ([text = '']) => text },
  dbsize: { arity: 1, run: (_, keys) => keys.keys().length },
  flushall: { arity: -1, write: true, run: flush },
  flushdb: { arity: -1, write: true, run: flush },
}

function flush(_: string[], keys: Keyspace): Reply {
  keys.clear()
  return OK
}

function expire(
  [key = '', amount, ...flags]: string[],
  keys: Keyspace,
  scale: number,
  relative: boolean,
): Reply {
  const end = toInteger(amount) * scale + (relative ? keys.now() : 0)
  const entry = keys.entry(key)
  const words = flags.map(flag => flag.toUpperCase())
  const unknown = words.find(word => !['NX', 'XX', 'GT', 'LT'].includes(word))
  if (unknown !== undefined)
    throw new RedisError(`ERR Unsupported option ${flags[words.indexOf(unknown)]}`)
  if (!entry) return 0
  const old = entry.expiresAt
  if (words.includes('NX') && old !== undefined) return 0
  if (words.includes('XX') && old === undefined) return 0
  if (words.includes('GT') && end <= (old ?? Infinity)) return 0
  if (words.includes('LT') && end >= (old ?? Infinity)) return 0
  if (end <= keys.now()) keys.remove(key)
  else entry.expiresAt = end
  return 1
}

function left(key: string, keys: Keyspace, convert: (ms: number) => number): number {
  const entry = keys.entry(key)
  if (!entry) return -2
  return entry.expiresAt === undefined ? -1 : convert(Math.ceil(entry.expiresAt - keys.now()))
}

function scan([cursor, ...options]: string[], keys: Keyspace): Reply {
  if (!/^\d+$/.test(cursor ?? '')) throw new RedisError('ERR invalid cursor')
  const { pattern, count, type } = readScanOptions(options)
  const all = keys.keys()
  const start = Number(cursor)
  const page = all.slice(start, start + count)
  const next = start + count < all.length ? String(start + count) : '0'
  return [next, page.filter(key => pattern.test(key) && (!type || keys.entry(key)?.type === type))]
}

/** Reads `MATCH`, `COUNT` and `TYPE`. */
export function readScanOptions(options: string[]): {
  pattern: RegExp
  count: number
  type: string
} {
  let pattern = /^/
  let count = 10
  let type = ''
  for (let at = 0; at < options.length; at += 2) {
    const word = options[at]?.toUpperCase()
    const value = options[at + 1]
    if (value === undefined) throw new RedisError(MESSAGE.syntax)
    if (word === 'MATCH') pattern = toPattern(value)
    else if (word === 'COUNT') count = toInteger(value)
    else if (word === 'TYPE') type = value.toLowerCase()
    else throw new RedisError(MESSAGE.syntax)
  }
  if (count < 1) throw new RedisError(MESSAGE.syntax)
  return { pattern, count, type }
}

function rename(from: string, to: string, keys: Keyspace): Reply {
  const entry = keys.entry(from)
  if (!entry) throw new RedisError(MESSAGE.noKey)
  keys.remove(from)
  keys.set(to, entry.type, entry.value)
  const moved = keys.entry(to)
  if (moved) moved.expiresAt = entry.expiresAt
  return OK
}
