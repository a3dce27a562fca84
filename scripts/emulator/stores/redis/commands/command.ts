/** The shape of a command in the tables of this folder. */
import type { Keyspace } from '../keyspace.ts'
import type { Reply } from '../reply.ts'

/** One command. */
export interface Command {
  /** Redis's own count: the command's name included, negative for "at least". */
  arity: number
  /** Whether it may change keys, and so goes to the log. */
  write?: boolean
  run(args: string[], keys: Keyspace): Reply
}

/** Commands by lower-case name. */
export type CommandTable = Record<string, Command>
