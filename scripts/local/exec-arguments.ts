/** The command line of `npm run dev:exec`. */
import { resolve } from 'node:path'

/** What was asked for. */
export interface ExecArguments {
  readonly help: boolean
  readonly stateDirectory: string
  /** The function whose environment the command gets. */
  readonly service: string | undefined
  /** The program and its arguments. */
  readonly command: readonly string[]
}

/** Shown by `--help`. */
export const EXEC_USAGE: string = `usage: npm run dev:exec -- [options] <command> [arguments]

Runs a command with the addresses and secrets of the platform that runs, and ends with its exit status. The database
is in PGHOST, PGUSER and so on as well, where psql looks.

  --service <name>   also with the environment of that function, its Secrets included
  --state-dir <dir>  the folder of the platform that runs (default .aiwfe)
  --help             this text

examples: npm run dev:exec -- psql
          npm run dev:exec -- kubectl get ksvc
          npm run dev:exec -- --service memory node functions/memory/index.ts
`

/**
 * Reads the options, which end where the command begins, or at \`--\`.
 * @throws TypeError that says which option is wrong
 */
export function parseExecArguments(args: readonly string[], root: string): ExecArguments {
  const rest = [...args]
  const values: Record<string, string> = {}
  let help = false
  while (rest[0]?.startsWith('-')) {
    const option = rest.shift() ?? ''
    if (option === '--') break
    const [name = '', joined] = option.split(/=(.*)/s)
    if (name === '--help' || name === '-h') help = true
    else if (name === '--service' || name === '--state-dir') {
      const value = joined ?? rest.shift()
      if (!value) throw new TypeError(`"${name}" must have a value`)
      values[name] = value
    } else throw new TypeError(`"${option}" must be --service, --state-dir or --help`)
  }
  if (!help && rest.length === 0) throw new TypeError('"command" must be named, got nothing')
  const directory = values['--state-dir']
  return {
    help,
    stateDirectory: directory === undefined ? resolve(root, '.aiwfe') : resolve(directory),
    service: values['--service'],
    command: rest,
  }
}
