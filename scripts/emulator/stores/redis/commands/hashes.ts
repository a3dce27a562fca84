/** Commands on hashes. */
import type { Keyspace } from '../keyspace.ts'
import { fromFloat, OK, RedisError, type Reply, toFloat, toInteger } from '../reply.ts'
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
