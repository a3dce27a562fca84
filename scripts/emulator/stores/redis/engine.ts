/** The in-process Redis: one command at a time, in memory, each change handed to a log. */
import { createHash } from 'node:crypto'
import type { CommandTable } from './commands/command.ts'
import { hashCommands } from './commands/hashes.ts'
import { keyCommands } from './commands/keys.ts'
import { listCommands } from './commands/lists.ts'
import { setCommands } from './commands/sets.ts'
import { sortedSetCommands } from './commands/sorted-sets.ts'
import { stringCommands } from './commands/strings.ts'
import { createKeyspace, type Keyspace } from './keyspace.ts'
import type { ScriptRunner } from './lua.ts'
import { type Failure, OK, RedisError, type Reply, toInteger } from './reply.ts'

/** Something that runs Redis commands: the engine here, or a server. */
export interface Redis {
  command(args: string[]): Promise<Reply>
  /** `MULTI … EXEC`: all or none. A failure means that none ran. */
  transaction(commands: string[][]): Promise<Reply[] | Failure>
  close(): Promise<void>
}

/** The engine, which also says what must be kept. */
export interface Engine {
  keys: Keyspace
  /** Runs one command. Writes that succeeded are handed to `record` first, grouped as they must be replayed. */
  command(args: string[]): Promise<Reply>
  transaction(commands: string[][]): Promise<Reply[] | Failure>
  /** Runs recorded writes again as of `at`. */
  replay(at: number, commands: string[][]): void
}

/** Makes an empty engine. Time-to-live follows `now`; `record` gets the time and the commands of each change. */
export function createEngine({
  now,
  record,
}: {
  now: () => number
  record: (at: number, commands: string[][]) => void
}): Engine {
  let moment: number | undefined
  let written: string[][] = []
  let runner: ScriptRunner | undefined
  const scripts = new Map<string, string>()
  const keys = createKeyspace(() => moment ?? now())

  function run(args: string[]): Reply {
    const name = args[0]?.toLowerCase() ?? ''
    const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
    if (!command) throw unknown(args)
    if (command.arity > 0 ? args.length !== command.arity : args.length < -command.arity)
      throw wrongCount(name)
    const reply = command.run(args.slice(1), keys)
    if (command.write) written.push(args)
    return reply
  }

  function runAny(args: string[]): Reply {
    switch (args[0]?.toLowerCase()) {
      case 'eval':
        return evaluate(args, remember(args[1] ?? ''))
      case 'evalsha':
        return evaluate(args, (args[1] ?? '').toLowerCase())
      case 'script':
        return script(args)
      default:
        return run(args)
    }
  }

  function evaluate(args: string[], sha: string): Reply {
    if (args.length < 3) throw wrongCount(args[0]?.toLowerCase() ?? '')
    const source = scripts.get(sha)
    if (source === undefined) throw new RedisError('NOSCRIPT No matching script. Please use EVAL.')
    const count = toInteger(args[2])
    if (count < 0) throw new RedisError("ERR Number of keys can't be negative")
    if (count > args.length - 3)
      throw new RedisError("ERR Number of keys can't be greater than number of args")
    if (!runner) throw new RedisError('ERR the script machine is not loaded')
    return runner.run({ sha, source }, args.slice(3, 3 + count), args.slice(3 + count))
  }

  function script([, verb = '', ...rest]: string[]): Reply {
    switch (verb.toLowerCase()) {
      case 'load':
        return remember(rest[0] ?? '')
      case 'exists':
        return rest.map(sha => Number(scripts.has(sha.toLowerCase())))
      case 'flush':
        scripts.clear()
        return OK
      default:
        throw new RedisError(`ERR unknown subcommand '${verb}'. Try SCRIPT HELP.`)
    }
  }

  function remember(source: string): string {
    const sha = createHash('sha1').update(source).digest('hex')
    scripts.set(sha, source)
    return sha
  }

  /** Time stands still while commands run together, and their changes are recorded together. */
  function together<T>(work: () => T): T {
    const at = now()
    moment = at
    written = []
    try {
      return work()
    } finally {
      moment = undefined
      if (written.length > 0) record(at, written)
    }
  }

  /** Loaded at the first script: a Lua machine costs 40 ms that most starts do not need. */
  async function loadRunner(commands: string[][]): Promise<void> {
    if (runner || !commands.some(args => /^eval/i.test(args[0] ?? ''))) return
    const { createScriptRunner } = await import('./lua.ts')
    runner ??= createScriptRunner(run)
  }

  return {
    keys,
    command: async args => {
      await loadRunner([args])
      return together(() => attempt(() => runAny(args)))
    },
    transaction: async commands => {
      await loadRunner(commands)
      const refused = commands.map(check).find(failure => failure !== undefined)
      if (refused)
        return { error: `EXECABORT Transaction discarded because of previous errors: ${refused}` }
      return together(() => commands.map(args => attempt(() => runAny(args))))
    },
    replay(at, commands) {
      moment = at
      for (const args of commands) attempt(() => run(args))
      moment = undefined
      written = []
    },
  }
}

const COMMANDS: CommandTable = {
  ...keyCommands,
  ...stringCommands,
  ...hashCommands,
  ...listCommands,
  ...setCommands,
  ...sortedSetCommands,
}

const SCRIPTING: ReadonlySet<string> = new Set(['eval', 'evalsha', 'script'])

/** What Redis checks when it queues a command. */
function check(args: string[]): string | undefined {
  const name = args[0]?.toLowerCase() ?? ''
  if (SCRIPTING.has(name)) return undefined
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (!command) return unknown(args).message
  const fits = command.arity > 0 ? args.length === command.arity : args.length >= -command.arity
  return fits ? undefined : wrongCount(name).message
}

function attempt(work: () => Reply): Reply {
  try {
    return work()
  } catch (error) {
    if (error instanceof RedisError) return { error: error.message }
    throw error
  }
}

function unknown(args: string[]): RedisError {
  const rest = args
    .slice(1)
    .map(arg => `'${arg.slice(0, 128)}' `)
    .join('')
  return new RedisError(`ERR unknown command '${args[0] ?? ''}', with args beginning with: ${rest}`)
}

const wrongCount = (name: string): RedisError =>
  new RedisError(`ERR wrong number of arguments for '${name}' command`)
