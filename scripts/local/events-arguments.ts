/** The command line of `npm run events`. */
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'

/** What was asked for. */
export interface EventsArguments {
  readonly command: EventsCommand
  /** The event's id, or `#<seq>`; of the commands that need one. */
  readonly event: string
  readonly stateDirectory: string
  readonly json: boolean
  /** Query parameters of `list`, `tail` and `purge`. */
  readonly filters: Readonly<Record<string, string>>
  /** `name=value`; an empty value removes the attribute. */
  readonly set: Readonly<Record<string, string | null>>
  /** Text, or `@file`. */
  readonly data?: string
}

/** The verbs. */
export type EventsCommand = 'help' | 'list' | 'show' | 'tail' | 'resend' | 'edit' | 'purge'

/** Shown by `--help`. */
export const EVENTS_USAGE: string = `usage: npm run events -- <command> [options]

  list                 the latest events                (--type --source --state --broker --id --limit --before)
  show <event>         the path of one event: who wanted it, each try, replies, dead letters
  tail                 what happens from now on         (--type --broker)
  resend <event>       takes the event in again, as it is
  edit <event>         takes it in changed: opens $EDITOR, or --set name=value (name= removes) and --data <json|@file>
  purge                deletes what has ended           (--state --before)

  <event>              an id, or the number that list shows
  --state <state>      pending, retrying, delivered, filtered, deadLettered, failed or refused
  --limit <n>          how many events (default 20)
  --before <number>    only events older than this number
  --state-dir <dir>    the folder of the emulator that runs (default .aiwfe)
  --json               JSON for machines; one object a line with tail
`

/**
 * Reads the command line.
 * @throws TypeError that says what is wrong with it
 */
export function parseEventsArguments(args: readonly string[], root: string): EventsArguments {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      json: { type: 'boolean', default: false },
      'state-dir': { type: 'string' },
      set: { type: 'string', multiple: true },
      data: { type: 'string' },
      ...Object.fromEntries(FILTERS.map(name => [name, { type: 'string' as const }])),
    },
  })
  const [verb = 'list', event = '', ...rest] = positionals
  const command = values.help ? 'help' : COMMANDS.find(each => each === verb)
  if (command === undefined) {
    throw new TypeError(
      `the command must be one of ${COMMANDS.join(', ')}, got ${JSON.stringify(verb)}`,
    )
  }
  if (ONE_EVENT.includes(command) && event === '') {
    throw new TypeError(
      `${command} needs the id or the number of an event: see npm run events -- list`,
    )
  }
  const extra = ONE_EVENT.includes(command) ? rest : [event, ...rest].filter(text => text !== '')
  if (command !== 'help' && extra.length > 0) {
    throw new TypeError(`${command} takes no ${JSON.stringify(extra[0])}`)
  }
  const given = values as Readonly<Record<string, unknown>>
  const takes = command === 'help' ? OWN_OPTIONS : OPTIONS[command]
  const stray = OWN_OPTIONS.find(name => given[name] !== undefined && !takes.includes(name))
  if (stray !== undefined) {
    const list = takes.map(name => `--${name}`).join(', ') || 'no option of its own'
    throw new TypeError(`${command} takes ${list}, not --${stray}`)
  }
  const filters = FILTERS.flatMap(name => {
    const value = given[name]
    return typeof value === 'string' ? [[name, value] as const] : []
  })
  return {
    command,
    event,
    stateDirectory: values['state-dir'] ? resolve(values['state-dir']) : resolve(root, '.aiwfe'),
    json: values.json,
    filters: Object.fromEntries(filters),
    set: Object.fromEntries((values.set ?? []).map(toChange)),
    ...(values.data !== undefined && { data: values.data }),
  }
}

const COMMANDS: readonly EventsCommand[] = ['list', 'show', 'tail', 'resend', 'edit', 'purge']
const ONE_EVENT: readonly EventsCommand[] = ['show', 'resend', 'edit']
const FILTERS = ['type', 'source', 'state', 'broker', 'id', 'limit', 'before'] as const
/** What each command understands beside what all do: an option that did nothing would mislead. */
const OPTIONS: Readonly<Record<Exclude<EventsCommand, 'help'>, readonly string[]>> = {
  list: FILTERS,
  show: [],
  tail: ['type', 'broker'],
  resend: [],
  edit: ['set', 'data'],
  purge: ['state', 'before'],
}
const OWN_OPTIONS: readonly string[] = [...FILTERS, 'set', 'data']

function toChange(text: string): [string, string | null] {
  const at = text.indexOf('=')
  if (at < 1) throw new TypeError(`"--set" must be name=value, got ${JSON.stringify(text)}`)
  const value = text.slice(at + 1)
  return [text.slice(0, at), value === '' ? null : value]
}
