/** Commands on hashes, lists and sets. */
import type { Keyspace } from '../keyspace.ts'
import { fromFloat, MESSAGE, OK, RedisError, type Reply, toFloat, toInteger } from '../reply.ts'
import type { CommandTable } from './command.ts'
import { readScanOptions } from './keys.ts'

/** `HSET` and its family. */
export const hashCommands: CommandTable = {
  hset: { arity: -4, write: true, run: (args, keys) => hset(args, keys, 'hset') },
  hmset: {
    arity: -4,
    write: true,
    run: (args, keys) => {
      hset(args, keys, 'hmset')
      return OK
    },
  },
  hsetnx: {
    arity: 4,
    write: true,
    run: ([key = '', field = '', value = ''], keys) => {
      const hash = keys.open(key, 'hash')
      if (hash.has(field)) return 0
      hash.set(field, value)
      return 1
    },
  },
  hget: {
    arity: 3,
    run: ([key = '', field = ''], keys) => keys.read(key, 'hash')?.get(field) ?? null,
  },
  hmget: {
    arity: -3,
    run: ([key = '', ...fields], keys) => {
      const hash = keys.read(key, 'hash')
      return fields.map(field => hash?.get(field) ?? null)
    },
  },
  hgetall: { arity: 2, run: ([key = ''], keys) => [...(keys.read(key, 'hash') ?? [])].flat() },
  hkeys: { arity: 2, run: ([key = ''], keys) => [...(keys.read(key, 'hash')?.keys() ?? [])] },
  hvals: { arity: 2, run: ([key = ''], keys) => [...(keys.read(key, 'hash')?.values() ?? [])] },
  hlen: { arity: 2, run: ([key = ''], keys) => keys.read(key, 'hash')?.size ?? 0 },
  hstrlen: {
    arity: 3,
    run: ([key = '', field = ''], keys) =>
      Buffer.byteLength(keys.read(key, 'hash')?.get(field) ?? ''),
  },
  hexists: {
    arity: 3,
    run: ([key = '', field = ''], keys) => Number(keys.read(key, 'hash')?.has(field) ?? false),
  },
  hdel: {
    arity: -3,
    write: true,
    run: ([key = '', ...fields], keys) => {
      const hash = keys.read(key, 'hash')
      const removed = fields.filter(field => hash?.delete(field)).length
      keys.tidy(key)
      return removed
    },
  },
  hincrby: {
    arity: 4,
    write: true,
    run: ([key = '', field = '', by], keys) => {
      const amount = toInteger(by)
      const old = toInteger(
        keys.read(key, 'hash')?.get(field) ?? '0',
        'ERR hash value is not an integer',
      )
      keys.open(key, 'hash').set(field, String(old + amount))
      return old + amount
    },
  },
  hincrbyfloat: {
    arity: 4,
    write: true,
    run: ([key = '', field = '', by], keys) => {
      const amount = toFloat(by)
      const next =
        toFloat(keys.read(key, 'hash')?.get(field) ?? '0', 'ERR hash value is not a float') + amount
      keys.open(key, 'hash').set(field, fromFloat(next))
      return fromFloat(next)
    },
  },
  hscan: {
    arity: -3,
    run: ([key = '', , ...options], keys) => {
      const { pattern } = readScanOptions(options)
      return [
        '0',
        [...(keys.read(key, 'hash') ?? [])].filter(([field]) => pattern.test(field)).flat(),
      ]
    },
  },
}

function hset([key = '', ...pairs]: string[], keys: Keyspace, name: string): Reply {
  if (pairs.length % 2 !== 0)
    throw new RedisError(`ERR wrong number of arguments for '${name}' command`)
  const hash = keys.open(key, 'hash')
  const before = hash.size
  for (let at = 0; at < pairs.length; at += 2) hash.set(pairs[at] ?? '', pairs[at + 1] ?? '')
  return hash.size - before
}

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

/** `SADD` and its family. */
export const setCommands: CommandTable = {
  sadd: {
    arity: -3,
    write: true,
    run: ([key = '', ...members], keys) => {
      const set = keys.open(key, 'set')
      const before = set.size
      for (const member of members) set.add(member)
      return set.size - before
    },
  },
  srem: {
    arity: -3,
    write: true,
    run: ([key = '', ...members], keys) => {
      const set = keys.read(key, 'set')
      const removed = members.filter(member => set?.delete(member)).length
      keys.tidy(key)
      return removed
    },
  },
  smembers: { arity: 2, run: ([key = ''], keys) => [...(keys.read(key, 'set') ?? [])] },
  sismember: {
    arity: 3,
    run: ([key = '', member = ''], keys) => Number(keys.read(key, 'set')?.has(member) ?? false),
  },
  smismember: {
    arity: -3,
    run: ([key = '', ...members], keys) =>
      members.map(member => Number(keys.read(key, 'set')?.has(member) ?? false)),
  },
  scard: { arity: 2, run: ([key = ''], keys) => keys.read(key, 'set')?.size ?? 0 },
  spop: {
    arity: -2,
    write: true,
    run: ([key = '', count], keys) => {
      const set = keys.read(key, 'set')
      const taken = [...(set ?? [])].slice(0, count === undefined ? 1 : toInteger(count))
      for (const member of taken) set?.delete(member)
      keys.tidy(key)
      return count === undefined ? (taken[0] ?? null) : taken
    },
  },
  srandmember: {
    arity: -2,
    run: ([key = '', count], keys) => {
      const members = [...(keys.read(key, 'set') ?? [])].sort(() => Math.random() - 0.5)
      return count === undefined
        ? (members[0] ?? null)
        : members.slice(0, Math.abs(toInteger(count)))
    },
  },
  sunion: {
    arity: -2,
    run: (args, keys) => [...new Set(args.flatMap(key => [...(keys.read(key, 'set') ?? [])]))],
  },
  sinter: { arity: -2, run: (args, keys) => fold(args, keys, (member, set) => set.has(member)) },
  sdiff: { arity: -2, run: (args, keys) => fold(args, keys, (member, set) => !set.has(member)) },
  sscan: {
    arity: -3,
    run: ([key = '', , ...options], keys) => {
      const { pattern } = readScanOptions(options)
      return ['0', [...(keys.read(key, 'set') ?? [])].filter(member => pattern.test(member))]
    },
  },
}

function fold(
  [first = '', ...rest]: string[],
  keys: Keyspace,
  keep: (member: string, set: Set<string>) => boolean,
): Reply {
  const others = rest.map(key => keys.read(key, 'set') ?? new Set<string>())
  return [...(keys.read(first, 'set') ?? [])].filter(member =>
    others.every(set => keep(member, set)),
  )
}
