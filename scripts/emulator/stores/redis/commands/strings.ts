/** Commands on strings. */
import type { Keyspace } from '../keyspace.ts'
import { fromFloat, MESSAGE, OK, RedisError, type Reply, toFloat, toInteger } from '../reply.ts'
import type { CommandTable } from './command.ts'

/** `GET`, `SET` and their family. */
export const stringCommands: CommandTable = {
  get: { arity: 2, run: ([key = ''], keys) => keys.read(key, 'string') ?? null },
  set: { arity: -3, write: true, run: set },
  getset: {
    arity: 3,
    write: true,
    run: ([key = '', value = ''], keys) => {
      const old = keys.read(key, 'string') ?? null
      keys.set(key, 'string', value)
      return old
    },
  },
  getdel: {
    arity: 2,
    write: true,
    run: ([key = ''], keys) => {
      const old = keys.read(key, 'string') ?? null
      keys.remove(key)
      return old
    },
  },
  getex: { arity: -2, write: true, run: getex },
  mget: {
    arity: -2,
    run: (args, keys) =>
      args.map(key => {
        const entry = keys.entry(key)
        return entry?.type === 'string' ? (keys.read(key, 'string') ?? null) : null
      }),
  },
  mset: { arity: -3, write: true, run: (args, keys) => mset(args, keys, 'mset') },
  msetnx: {
    arity: -3,
    write: true,
    run: (args, keys) => {
      if (args.some((key, at) => at % 2 === 0 && keys.entry(key))) return 0
      mset(args, keys, 'msetnx')
      return 1
    },
  },
  setnx: {
    arity: 3,
    write: true,
    run: ([key = '', value = ''], keys) => {
      if (keys.entry(key)) return 0
      keys.set(key, 'string', value)
      return 1
    },
  },
  setex: {
    arity: 4,
    write: true,
    run: ([key = '', ttl, value = ''], keys) => setFor(key, ttl, 1000, value, keys, 'setex'),
  },
  psetex: {
    arity: 4,
    write: true,
    run: ([key = '', ttl, value = ''], keys) => setFor(key, ttl, 1, value, keys, 'psetex'),
  },
  incr: { arity: 2, write: true, run: ([key = ''], keys) => add(key, 1, keys) },
  decr: { arity: 2, write: true, run: ([key = ''], keys) => add(key, -1, keys) },
  incrby: { arity: 3, write: true, run: ([key = '', by], keys) => add(key, toInteger(by), keys) },
  decrby: { arity: 3, write: true, run: ([key = '', by], keys) => add(key, -toInteger(by), keys) },
  incrbyfloat: {
    arity: 3,
    write: true,
    run: ([key = '', by], keys) => {
      const next = toFloat(keys.read(key, 'string') ?? '0') + toFloat(by)
      if (!Number.isFinite(next))
        throw new RedisError('ERR increment would produce NaN or Infinity')
      keys.set(key, 'string', fromFloat(next), { keepTtl: true })
      return fromFloat(next)
    },
  },
  append: {
    arity: 3,
    write: true,
    run: ([key = '', value = ''], keys) => {
      const next = (keys.read(key, 'string') ?? '') + value
      keys.set(key, 'string', next, { keepTtl: true })
      return Buffer.byteLength(next)
    },
  },
  strlen: {
    arity: 2,
    run: ([key = ''], keys) => Buffer.byteLength(keys.read(key, 'string') ?? ''),
  },
  getrange: {
    arity: 4,
    run: ([key = '', from, to], keys) => {
      const bytes = Buffer.from(keys.read(key, 'string') ?? '')
      const start =
        toInteger(from) < 0 ? Math.max(0, bytes.length + toInteger(from)) : toInteger(from)
      const end = toInteger(to) < 0 ? bytes.length + toInteger(to) : toInteger(to)
      return end < start ? '' : bytes.toString('utf8', start, end + 1)
    },
  },
}

/** Reads `EX 10`, `PXAT 123` … at `at`; the end in milliseconds, or undefined when no such option stands there. */
export function readEnd(
  args: string[],
  at: number,
  now: number,
  command: string,
): number | undefined {
  const unit = END_UNITS[args[at]?.toUpperCase() ?? '']
  if (!unit) return undefined
  if (args[at + 1] === undefined) throw new RedisError(MESSAGE.syntax)
  const amount = toInteger(args[at + 1])
  if (amount <= 0) throw new RedisError(`ERR invalid expire time in '${command}' command`)
  return amount * unit.scale + (unit.relative ? now : 0)
}

const END_UNITS: Readonly<Record<string, { scale: number; relative: boolean }>> = {
  EX: { scale: 1000, relative: true },
  PX: { scale: 1, relative: true },
  EXAT: { scale: 1000, relative: false },
  PXAT: { scale: 1, relative: false },
}

function set([key = '', value = '', ...options]: string[], keys: Keyspace): Reply {
  let condition = ''
  let keepTtl = false
  let wantsOld = false
  let end: number | undefined
  for (let at = 0; at < options.length; at++) {
    const word = options[at]?.toUpperCase() ?? ''
    const found = readEnd(options, at, keys.now(), 'set')
    if (found !== undefined) {
      if (end !== undefined || keepTtl) throw new RedisError(MESSAGE.syntax)
      end = found
      at++
    } else if ((word === 'NX' || word === 'XX') && (condition === '' || condition === word))
      condition = word
    else if (word === 'KEEPTTL' && end === undefined) keepTtl = true
    else if (word === 'GET') wantsOld = true
    else throw new RedisError(MESSAGE.syntax)
  }
  const old = wantsOld ? (keys.read(key, 'string') ?? null) : null
  const exists = keys.entry(key) !== undefined
  if ((condition === 'NX' && exists) || (condition === 'XX' && !exists))
    return wantsOld ? old : null
  keys.set(key, 'string', value, { keepTtl })
  const entry = keys.entry(key)
  if (entry && end !== undefined) entry.expiresAt = end
  return wantsOld ? old : OK
}

function getex([key = '', ...options]: string[], keys: Keyspace): Reply {
  const value = keys.read(key, 'string')
  const persist = options[0]?.toUpperCase() === 'PERSIST'
  const end = readEnd(options, 0, keys.now(), 'getex')
  if (
    options.length > 0 &&
    !(persist && options.length === 1) &&
    !(end !== undefined && options.length === 2)
  ) {
    throw new RedisError(MESSAGE.syntax)
  }
  const entry = keys.entry(key)
  if (entry && (persist || end !== undefined)) entry.expiresAt = end
  return value ?? null
}

function mset(args: string[], keys: Keyspace, name: string): Reply {
  if (args.length % 2 !== 0)
    throw new RedisError(`ERR wrong number of arguments for '${name}' command`)
  for (let at = 0; at < args.length; at += 2) keys.set(args[at] ?? '', 'string', args[at + 1] ?? '')
  return OK
}

function setFor(
  key: string,
  ttl: string | undefined,
  scale: number,
  value: string,
  keys: Keyspace,
  name: string,
): Reply {
  const amount = toInteger(ttl)
  if (amount <= 0) throw new RedisError(`ERR invalid expire time in '${name}' command`)
  keys.set(key, 'string', value)
  const entry = keys.entry(key)
  if (entry) entry.expiresAt = keys.now() + amount * scale
  return OK
}

function add(key: string, by: number, keys: Keyspace): Reply {
  const next = toInteger(keys.read(key, 'string') ?? '0') + by
  if (!Number.isSafeInteger(next)) throw new RedisError('ERR increment or decrement would overflow')
  keys.set(key, 'string', String(next), { keepTtl: true })
  return next
}
