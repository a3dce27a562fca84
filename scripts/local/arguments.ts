/** The command line of `npm start` and `npm run dev`. */
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'

/** What was asked for on the command line. */
export interface StartArguments {
  help: boolean
  port: number | undefined
  stateDirectory: string
  fresh: boolean
  timeScale: number
  json: boolean
}

/** Shown by `--help`. */
export const USAGE: string = `usage: npm start -- [options]      (npm run dev -- [options] also reloads on change)

  --port <n>         the port of everything (default 8080, or the next free one)
  --state-dir <dir>  where data, secrets and events are kept (default .aiwfe)
  --fresh            begin with an empty state; what was there is deleted
  --time-scale <n>   make time run n times as fast: scale-down, retries, timers (default 1)
  --json             one JSON object a line, for machines
  --help             this text

environment: DATABASE_URL, REDIS_URL, UPSTASH_REDIS_REST_URL with UPSTASH_REDIS_REST_TOKEN, QDRANT_URL with
QDRANT_API_KEY, and OLLAMA_HOST put a real store in the place of the embedded one.
`

/**
 * Reads the options.
 * @throws TypeError that says which option is wrong and what it must be
 */
export function parseArguments(args: string[], root: string): StartArguments {
  const { values } = parseArgs({
    args,
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      port: { type: 'string' },
      'state-dir': { type: 'string' },
      fresh: { type: 'boolean', default: false },
      'time-scale': { type: 'string', default: '1' },
      json: { type: 'boolean', default: false },
    },
  })
  return {
    help: values.help,
    port: values.port === undefined ? undefined : toNumber('--port', values.port, 0, 65_535, true),
    stateDirectory: values['state-dir'] ? resolve(values['state-dir']) : resolve(root, '.aiwfe'),
    fresh: values.fresh,
    timeScale: toNumber('--time-scale', values['time-scale'], 0.001, 100_000, false),
    json: values.json,
  }
}

function toNumber(name: string, text: string, min: number, max: number, whole: boolean): number {
  const value = Number(text)
  if (
    text.trim() === '' ||
    !(value >= min && value <= max) ||
    (whole && !Number.isInteger(value))
  ) {
    throw new TypeError(
      `"${name}" must be a number from ${min} to ${max}, got ${JSON.stringify(text)}`,
    )
  }
  return value
}
