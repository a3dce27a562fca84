/** Commands on lists. */
import type { Keyspace } from '../keyspace.ts'
import { MESSAGE, OK, RedisError, type Reply, toInteger } from '../reply.ts'
import type { CommandTable } from './command.ts'

/** `LPUSH` and its family. */
export const listCommands: CommandTable = {
  lpush: {
    arity: -3,
    write: true,
    run: ([key = '', ...values], keys) => keys.open(key, 'list').unshift(...values.reverse()),
  },
  rpush: {
    arity: -3,
    write: true,
    run: ([key = '', ...values], keys) => keys.open(key, 'list').push(...values),
  },
  lpushx: {
    arity: -3,
    write: true,
    run: ([key = '', ...values], keys) => keys.read(key, 'list')?.unshift(...values.reverse()) ?? 0,
  },
  rpushx: {
    arity: -3,
    write: true,
    run: ([key = '', ...values], keys) => keys.read(key, 'list')?.push(...values) ?? 0,
  },
  lpop: { arity: -2, write: true, run: (args, keys) => pop(args, keys, 'left') },
  rpop: { arity: -2, write: true, run: (args, keys) => pop(args, keys, 'right') },
  llen: { arity: 2, run: ([key = ''], keys) => keys.read(key, 'list')?.length ?? 0 },
  lrange: {
    arity: 4,
    run: ([key = '', from, to], keys) =>
      slice(keys.read(key, 'list') ?? [], toInteger(from), toInteger(to)),
  },
  lindex: {
    arity: 3,
    run: ([key = '', at], keys) => keys.read(key, 'list')?.at(toInteger(at)) ?? null,
  },
  lset: {
    arity: 4,
    write: true,
    run: ([key = '', at, value = ''], keys) => {
      const list = keys.read(key, 'list')
      if (!list) throw new RedisError(MESSAGE.noKey)
      const index = toInteger(at) < 0 ? list.length + toInteger(at) : toInteger(at)
      if (index < 0 || index >= list.length) throw new RedisError(MESSAGE.outOfRange)
      list[index] = value
      return OK
    },
  },
  ltrim: {
    arity: 4,
    write: true,
    run: ([key = '', from, to], keys) => {
      const list = keys.read(key, 'list')
      const kept = slice(list ?? [], toInteger(from), toInteger(to))
      list?.splice(0, list.length, ...kept)
      keys.tidy(key)
      return OK
    },
  },
  lrem: {
    arity: 4,
    write: true,
    run: ([key = '', count, value = ''], keys) => {
      const list = keys.read(key, 'list')
      const wanted = toInteger(count)
      if (!list) return 0
      let left = wanted === 0 ? Infinity : Math.abs(wanted)
      const from = wanted < 0 ? [...list].reverse() : list
      const kept = from.filter(item => item !== value || left-- <= 0)
      const removed = list.length - kept.length
      list.splice(0, list.length, ...(wanted < 0 ? kept.reverse() : kept))
      keys.tidy(key)
      return removed
    },
  },
  rpoplpush: {
    arity: 3,
    write: true,
    run: ([from = '', to = ''], keys) => move(from, to, 'RIGHT', 'LEFT', keys),
  },
  lmove: {
    arity: 5,
    write: true,
    run: ([from = '', to = '', out = '', into = ''], keys) =>
      move(from, to, out.toUpperCase(), into.toUpperCase(), keys),
  },
}

function pop([key = '', count]: string[], keys: Keyspace, side: 'left' | 'right'): Reply {
  const list = keys.read(key, 'list')
  const wanted =
    count === undefined ? 1 : toInteger(count, 'ERR value is out of range, must be positive')
  if (wanted < 0) throw new RedisError('ERR value is out of range, must be positive')
  if (!list) return null
  const taken =
    side === 'left'
      ? list.splice(0, wanted)
      : list.splice(Math.max(0, list.length - wanted)).reverse()
  keys.tidy(key)
  return count === undefined ? (taken[0] ?? null) : taken
}

function move(from: string, to: string, out: string, into: string, keys: Keyspace): Reply {
  if (![out, into].every(side => side === 'LEFT' || side === 'RIGHT'))
    throw new RedisError(MESSAGE.syntax)
  const source = keys.read(from, 'list')
  keys.read(to, 'list')
  const item = out === 'LEFT' ? source?.shift() : source?.pop()
  if (item === undefined) return null
  const target = keys.open(to, 'list')
  if (into === 'LEFT') target.unshift(item)
  else target.push(item)
  keys.tidy(from)
  return item
}

/** Redis's inclusive range with negative ends. */
export function slice<T>(items: T[], from: number, to: number): T[] {
  const start = from < 0 ? Math.max(0, items.length + from) : from
  const end = to < 0 ? items.length + to : to
  return items.slice(start, end + 1)
}
