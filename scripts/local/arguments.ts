/** The command line of `npm start` and `npm run dev`. */
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type { EventingMode } from '../emulator/eventing/entrance.ts'

/** What was asked for on the command line. */
export interface StartArguments {
  help: boolean
  port: number | undefined
  /** Serve https too, on `tlsPort` or on 8443 or the next free one. */
  tls: boolean
  tlsPort: number | undefined
  stateDirectory: string
  fresh: boolean
  timeScale: number
  eventing: { mode: EventingMode; batch: boolean }
  json: boolean
}

/** Shown by `--help`. */
export const USAGE: string = `usage: npm start -- [options]      (npm run dev -- [options] also reloads on change)

  --port <n>         the port of everything (default 8080, or the next free one)
  --tls              serve https as well, with a certificate authority of this machine made on first use and kept
  --tls-port <n>     the port of https (default 8443, or the next free one); implies --tls
  --state-dir <dir>  where data, secrets and events are kept (default .aiwfe)
  --fresh            begin with an empty state; what was there is deleted
  --time-scale <n>   make time run n times as fast: scale-down, retries, timers (default 1)
  --eventing <mode>  durable: events are on the disk before they are accepted (default); sync: a producer waits until
                     every subscriber is done, as with Knative's in-memory channel
  --batch            take batches of events (application/cloudevents-batch+json), which a cluster refuses with 400
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
      tls: { type: 'boolean', default: false },
      'tls-port': { type: 'string' },
      'state-dir': { type: 'string' },
      fresh: { type: 'boolean', default: false },
      'time-scale': { type: 'string', default: '1' },
      eventing: { type: 'string', default: 'durable' },
      batch: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  })
  return {
    help: values.help,
    port: toPort('--port', values.port),
    tls: values.tls || values['tls-port'] !== undefined,
    tlsPort: toPort('--tls-port', values['tls-port']),
    stateDirectory: values['state-dir'] ? resolve(values['state-dir']) : resolve(root, '.aiwfe'),
    fresh: values.fresh,
    timeScale: toNumber('--time-scale', values['time-scale'], 0.001, 100_000, false),
    eventing: { mode: toMode(values.eventing), batch: values.batch },
    json: values.json,
  }
}

const toPort = (name: string, text: string | undefined): number | undefined =>
  text === undefined ? undefined : toNumber(name, text, 0, 65_535, true)

function toMode(text: string): EventingMode {
  if (text === 'durable' || text === 'sync') return text
  throw new TypeError(`"--eventing" must be durable or sync, got ${JSON.stringify(text)}`)
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
