/** Commands on sorted sets. */
import type { Keyspace } from '../keyspace.ts'
import { fromFloat, MESSAGE, RedisError, type Reply, toFloat, toInteger } from '../reply.ts'
import type { CommandTable } from './command.ts'
import { readScanOptions } from './keys.ts'
import { slice } from './lists.ts'

type Pair = [member: string, score: number]

/** `ZADD` and its family. */
export const sortedSetCommands: CommandTable = {
  zadd: { arity: -4, write: true, run: zadd },
  zcard: { arity: 2, run: ([key = ''], keys) => keys.read(key, 'zset')?.size ?? 0 },
  zscore: {
    arity: 3,
    run: ([key = '', member = ''], keys) => score(keys.read(key, 'zset')?.get(member)),
  },
  zmscore: {
    arity: -3,
    run: ([key = '', ...members], keys) =>
      members.map(member => score(keys.read(key, 'zset')?.get(member))),
  },
  zincrby: {
    arity: 4,
    write: true,
    run: ([key = '', by, member = ''], keys) => {
      const amount = toFloat(by)
      const next = (keys.read(key, 'zset')?.get(member) ?? 0) + amount
      keys.open(key, 'zset').set(member, next)
      return fromFloat(next)
    },
  },
  zrem: {
    arity: -3,
    write: true,
    run: ([key = '', ...members], keys) => remove(key, members, keys),
  },
  zrank: { arity: -3, run: ([key = '', member = ''], keys) => rank(sorted(key, keys), member) },
  zrevrank: {
    arity: -3,
    run: ([key = '', member = ''], keys) => rank(sorted(key, keys).reverse(), member),
  },
  zcount: {
    arity: 4,
    run: ([key = '', min, max], keys) => byScore(sorted(key, keys), min, max).length,
  },
  zrange: { arity: -4, run: zrange },
  zrevrange: {
    arity: -4,
    run: ([key = '', from, to, flag], keys) => {
      if (flag !== undefined && flag.toUpperCase() !== 'WITHSCORES')
        throw new RedisError(MESSAGE.syntax)
      return print(
        slice(sorted(key, keys).reverse(), toInteger(from), toInteger(to)),
        flag !== undefined,
      )
    },
  },
  zrangebyscore: {
    arity: -4,
    run: ([key = '', min, max, ...options], keys) =>
      page(byScore(sorted(key, keys), min, max), options),
  },
  zrevrangebyscore: {
    arity: -4,
    run: ([key = '', max, min, ...options], keys) =>
      page(byScore(sorted(key, keys), min, max).reverse(), options),
  },
  zremrangebyscore: {
    arity: 4,
    write: true,
    run: ([key = '', min, max], keys) =>
      remove(
        key,
        byScore(sorted(key, keys), min, max).map(([member]) => member),
        keys,
      ),
  },
  zremrangebyrank: {
    arity: 4,
    write: true,
    run: ([key = '', from, to], keys) =>
      remove(
        key,
        slice(sorted(key, keys), toInteger(from), toInteger(to)).map(([member]) => member),
        keys,
      ),
  },
  zpopmin: {
    arity: -2,
    write: true,
    run: ([key = '', count], keys) => popFrom(key, sorted(key, keys), count, keys),
  },
  zpopmax: {
    arity: -2,
    write: true,
    run: ([key = '', count], keys) => popFrom(key, sorted(key, keys).reverse(), count, keys),
  },
  zscan: {
    arity: -3,
    run: ([key = '', , ...options], keys) => {
      const { pattern } = readScanOptions(options)
      return [
        '0',
        print(
          sorted(key, keys).filter(([member]) => pattern.test(member)),
          true,
        ),
      ]
    },
  },
}

const score = (value: number | undefined): string | null =>
  value === undefined ? null : fromFloat(value)

/** By score, then by the member's bytes. */
function sorted(key: string, keys: Keyspace): Pair[] {
  return [...(keys.read(key, 'zset') ?? [])].sort(
    ([a, x], [b, y]) => x - y || Buffer.compare(Buffer.from(a), Buffer.from(b)) || 0,
  )
}

function zadd([key = '', ...rest]: string[], keys: Keyspace): Reply {
  const flags = new Set<string>()
  while (ADD_FLAGS.has(rest[0]?.toUpperCase() ?? '')) flags.add(rest.shift()?.toUpperCase() ?? '')
  if (rest.length === 0 || rest.length % 2 !== 0) throw new RedisError(MESSAGE.syntax)
  if (flags.has('NX') && flags.has('XX'))
    throw new RedisError('ERR XX and NX options at the same time are not compatible')
  if (
    (flags.has('GT') && flags.has('LT')) ||
    (flags.has('NX') && (flags.has('GT') || flags.has('LT')))
  ) {
    throw new RedisError('ERR GT, LT, and/or NX options at the same time are not compatible')
  }
  if (flags.has('INCR') && rest.length > 2)
    throw new RedisError('ERR INCR option supports a single increment-element pair')
  const pairs: Pair[] = []
  for (let at = 0; at < rest.length; at += 2) pairs.push([rest[at + 1] ?? '', toFloat(rest[at])])
  const set = keys.open(key, 'zset')
  let added = 0
  let changed = 0
  let last: number | undefined
  for (const [member, given] of pairs) {
    const old = set.get(member)
    const next = flags.has('INCR') ? (old ?? 0) + given : given
    last = undefined
    if (old === undefined ? flags.has('XX') : flags.has('NX')) continue
    if (old !== undefined && flags.has('GT') && next <= old) continue
    if (old !== undefined && flags.has('LT') && next >= old) continue
    last = next
    set.set(member, next)
    if (old === undefined) added++
    else if (old !== next) changed++
  }
  keys.tidy(key)
  if (flags.has('INCR')) return score(last)
  return flags.has('CH') ? added + changed : added
}

const ADD_FLAGS = new Set(['NX', 'XX', 'GT', 'LT', 'CH', 'INCR'])

function zrange([key = '', first, second, ...options]: string[], keys: Keyspace): Reply {
  const words = options.map(option => option.toUpperCase())
  const reverse = words.includes('REV')
  const scores = words.includes('BYSCORE')
  const lexical = words.includes('BYLEX')
  const rest = options.filter((_, at) => !['REV', 'BYSCORE', 'BYLEX'].includes(words[at] ?? ''))
  if (!scores && !lexical) {
    if (words.includes('LIMIT')) {
      throw new RedisError(
        'ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX',
      )
    }
    const pairs = reverse ? sorted(key, keys).reverse() : sorted(key, keys)
    return page(slice(pairs, toInteger(first), toInteger(second)), rest)
  }
  const [min, max] = reverse ? [second, first] : [first, second]
  const pairs = scores ? byScore(sorted(key, keys), min, max) : byName(sorted(key, keys), min, max)
  return page(reverse ? pairs.reverse() : pairs, rest)
}

function byScore(pairs: Pair[], min: string | undefined, max: string | undefined): Pair[] {
  const low = readBound(min)
  const high = readBound(max)
  return pairs.filter(
    ([, value]) =>
      (low.open ? value > low.value : value >= low.value) &&
      (high.open ? value < high.value : value <= high.value),
  )
}

function readBound(text = ''): { value: number; open: boolean } {
  const open = text.startsWith('(')
  return { value: toFloat(open ? text.slice(1) : text, MESSAGE.minMax), open }
}

function byName(pairs: Pair[], min = '', max = ''): Pair[] {
  if (![min, max].every(bound => /^([-+]$|[[(])/.test(bound))) {
    throw new RedisError('ERR min or max not valid string range item')
  }
  const above = (name: string): boolean =>
    min === '-' ||
    (min !== '+' && (min.startsWith('[') ? name >= min.slice(1) : name > min.slice(1)))
  const below = (name: string): boolean =>
    max === '+' ||
    (max !== '-' && (max.startsWith('[') ? name <= max.slice(1) : name < max.slice(1)))
  return pairs.filter(([name]) => above(name) && below(name))
}

function page(pairs: Pair[], options: string[]): Reply {
  let withScores = false
  let kept = pairs
  for (let at = 0; at < options.length; at++) {
    const word = options[at]?.toUpperCase()
    if (word === 'WITHSCORES') withScores = true
    else if (word === 'LIMIT') {
      const offset = toInteger(options[++at])
      const count = toInteger(options[++at])
      kept = offset < 0 ? [] : kept.slice(offset, count < 0 ? undefined : offset + count)
    } else throw new RedisError(MESSAGE.syntax)
  }
  return print(kept, withScores)
}

const print = (pairs: Pair[], withScores: boolean): string[] =>
  pairs.flatMap(([member, value]) => (withScores ? [member, fromFloat(value)] : [member]))

function remove(key: string, members: string[], keys: Keyspace): number {
  const set = keys.read(key, 'zset')
  const removed = members.filter(member => set?.delete(member)).length
  keys.tidy(key)
  return removed
}

function rank(pairs: Pair[], member: string): number | null {
  const at = pairs.findIndex(([name]) => name === member)
  return at < 0 ? null : at
}

function popFrom(key: string, pairs: Pair[], count: string | undefined, keys: Keyspace): Reply {
  const taken = pairs.slice(0, count === undefined ? 1 : toInteger(count))
  remove(
    key,
    taken.map(([member]) => member),
    keys,
  )
  return print(taken, true)
}
