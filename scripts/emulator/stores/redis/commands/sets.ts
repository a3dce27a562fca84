/** Commands on sets. */
import type { Keyspace } from '../keyspace.ts'
import { type Reply, toInteger } from '../reply.ts'
import type { CommandTable } from './command.ts'
import { readScanOptions } from './keys.ts'

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
